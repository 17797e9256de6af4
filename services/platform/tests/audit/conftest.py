"""Fixtures of the audit log's tests."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer, Verdict, verify
from slipway.audit.service import record
from slipway.composition import Platform


@pytest.fixture
def sealer(platform: Platform) -> Sealer:
    """A sealer with the installation's key."""
    return Sealer(platform.database, platform.signer)


@pytest.fixture
def check(platform: Platform) -> Callable[[UUID], Awaitable[Verdict]]:
    """A function that verifies a tenant's chain."""
    return lambda tenant: verify(platform.database, platform.signer, tenant)


@pytest.fixture
def write(platform: Platform) -> Callable[..., Awaitable[None]]:
    """A function that writes entries for a tenant, in one transaction."""

    async def entries(tenant: UUID, count: int = 1, **detail: Any) -> None:
        async with platform.database.transaction(tenant) as connection:
            for number in range(count):
                await record(connection, tenant, "key", Action.PREDICTED, f"workload/{number}", **detail)

    return entries


@pytest.fixture
async def chain(principal: Any, write: Any, sealer: Sealer) -> UUID:
    """A tenant whose log has three seals: over 3, 2 and 2 entries."""
    for _ in range(3):
        await write(principal.tenant_id, 2, took=1.0)
        await sealer.seal()
    return principal.tenant_id
