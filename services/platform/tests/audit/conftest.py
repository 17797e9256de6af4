"""Fixtures of the audit log's tests."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from slipway.audit.chain_check import ChainCheck, Verdict
from slipway.audit.checkpointer import Checkpointer
from slipway.audit.declarations import Declarations
from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer
from slipway.audit.service import record
from slipway.audit.verification import Report, verify
from slipway.composition import Platform
from slipway.evidence import Evidence
from slipway.keys.signer import AuditSigner


@pytest.fixture
def sealer(platform: Platform) -> Sealer:
    """A sealer with the installation's key."""
    return Sealer(platform.database, platform.signer, platform.evidence)


@pytest.fixture
def checkpointer(platform: Platform) -> Checkpointer:
    """A checkpointer that writes whenever it is called."""
    return Checkpointer(platform.database, platform.evidence, 0.0)


@pytest.fixture
def declarations(platform: Platform) -> Declarations:
    """What an operator can declare of the log, in a process of its own."""
    return Declarations(platform.database, Evidence(platform.settings.evidence_dir, platform.signer))


@pytest.fixture
def audit(platform: Platform) -> Callable[..., Awaitable[Report]]:
    """A function that verifies the whole audit log, as the database and the evidence's files are now."""

    async def check(signer: AuditSigner | None = None) -> Report:
        evidence = Evidence(platform.settings.evidence_dir, signer or platform.signer)
        return await verify(platform.database, evidence)

    return check


@pytest.fixture
def check(platform: Platform) -> Callable[[UUID], Awaitable[Verdict]]:
    """A function that verifies a tenant's chain."""
    keys = {platform.signer.key_id: platform.signer.public_key}
    return ChainCheck(platform.database, keys).verify


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


@pytest.fixture
async def covered(chain: UUID, checkpointer: Checkpointer) -> UUID:
    """A tenant whose log has three seals over seven entries, all of them known to a checkpoint."""
    await checkpointer.checkpoint()
    return chain


@pytest.fixture
def stream(platform: Platform) -> Callable[[], Path]:
    """A function that returns the file of the checkpoints."""
    return lambda: next((platform.settings.evidence_dir / "checkpoints").glob("*.jsonl"))


@pytest.fixture
def lose(rows: Any) -> Callable[[UUID, int], Awaitable[None]]:
    """A function that takes a tenant's log back to so many seals, as an older copy of the database has it."""

    async def cut(tenant: UUID, seals: int) -> None:
        await rows(
            "DELETE FROM audit_log WHERE tenant_id = %s AND xid >="
            " (SELECT upto_xid FROM audit_seals WHERE tenant_id = %s AND sequence = %s)",
            *(tenant, tenant, seals),
        )
        await rows("DELETE FROM audit_seals WHERE tenant_id = %s AND sequence > %s", tenant, seals)

    return cut


@pytest.fixture
def work(write: Any, sealer: Sealer, checkpointer: Checkpointer) -> Callable[..., Awaitable[None]]:
    """A function that lets a tenant's log grow by so many seals, as workers do it."""

    async def grow(tenant: UUID, seals: int = 1) -> None:
        for _ in range(seals):
            await write(tenant, 2, took=1.0)
            await sealer.seal()
            await checkpointer.checkpoint()

    return grow
