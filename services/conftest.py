"""Fixtures of the services' tests: the platform around a small workload, and tenants that call it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from slipway.composition import Platform, open_platform
from slipway.jobs.intake import Intake, Order
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.settings import Settings
from slipway.telemetry.logs import configure_logs
from slipway.telemetry.tracing import configure_tracing
from slipway.tenants.schemas import Principal, Scope
from slipway.tenants.service import create_tenant

Submit = Callable[..., Awaitable[UUID]]


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Log as the services do, and refuse undeclared fields."""
    configure_logs("test", "INFO", strict=True)


@pytest.fixture
def small_settings(settings: Settings) -> Settings:
    """Settings around the checksum workload, with chunks and times that suit a test."""
    quick = {"chunk_inputs": 4, "lease_seconds": 1.0, "poll_seconds": 0.1, "turn_seconds": 2.0}
    return settings.model_copy(update={"workload": "checksum:Checksum", **quick})


@pytest.fixture
async def platform(small_settings: Settings) -> AsyncIterator[Platform]:
    """The parts of a serving process."""
    async with open_platform(small_settings, configure_tracing("test", small_settings)) as parts:
        await parts.predictor.load()
        yield parts


async def new_tenant(platform: Platform) -> Principal:
    """Create a tenant; return a principal of it that may do everything."""
    tenant = uuid4()
    first_key = await wrap_first_key(LocalKeyProvider.load(platform.settings), tenant)
    async with platform.database.transaction(tenant) as connection:
        await create_tenant(connection, tenant, f"tenant-{tenant}", first_key, "test")
    return Principal(tenant, "test", frozenset(Scope))


@pytest.fixture
async def principal(platform: Platform) -> Principal:
    """A tenant's caller."""
    return await new_tenant(platform)


@pytest.fixture
async def stranger(platform: Platform) -> Principal:
    """Another tenant's caller."""
    return await new_tenant(platform)


@pytest.fixture
def submit(platform: Platform, principal: Principal) -> Submit:
    """A function that accepts a job of pages for a tenant and returns its id."""

    async def accept(pages: list[bytes], *, caller: Principal = principal, priority: int = 5) -> UUID:
        keyset = await platform.keyring.keyset(caller.tenant_id)
        order = Order(platform.workload.name, priority, platform.settings.chunk_inputs, 10**6, None, None)
        intake = Intake(platform.database, keyset, caller, order)
        for page in pages:
            await intake.add(platform.workload.Input(page=page))
        await intake.close(b"")
        return intake.job_id

    return accept
