"""Fills an audit log: entries of many kinds, sealed in parts, covered by checkpoints in between."""

from random import Random
from uuid import UUID, uuid4

from slipway.audit.checkpointer import Checkpointer
from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer
from slipway.audit.service import record
from slipway.database import Database
from slipway.evidence import Evidence
from slipway.keys.local import LocalKeyProvider
from slipway.keys.service import wrap_first_key
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings
from slipway.tenants.service import create_tenant


async def fill(settings: Settings, random: Random, *, tenants: int, seals: int) -> None:
    """Write a log for so many tenants, in so many seals each at most; the newest of all are known to a checkpoint."""
    database, signer = Database(settings), AuditSigner.load(settings)
    evidence = Evidence(settings.evidence_dir, signer)
    sealer, checkpointer = Sealer(database, signer, evidence), Checkpointer(database, evidence, 0.0)
    try:
        created = [uuid4() for _ in range(tenants)]
        for tenant in created:
            first_key = await wrap_first_key(LocalKeyProvider.load(settings), tenant)
            async with database.transaction(tenant) as connection:
                await create_tenant(connection, tenant, f"tenant-{tenant}", first_key, "test")
        for _ in range(seals):
            for tenant in random.sample(created, k=max(1, tenants - 1)):
                await _write(database, tenant, random)
            await sealer.seal()
            await checkpointer.checkpoint()
        # So that each tenant's newest seal names a checkpoint, and a checkpoint names it.
        for tenant in created:
            await _write(database, tenant, random)
        await sealer.seal()
        await checkpointer.checkpoint()
    finally:
        await database.close()


async def _write(database: Database, tenant: UUID, random: Random) -> None:
    for _ in range(random.randint(1, 3)):
        async with database.transaction(tenant) as connection:
            for _ in range(random.randint(1, 4)):
                detail = {"inputs": random.randint(1, 99), "seconds": random.random(), "words": ["a", "b"]}
                action = random.choice(list(Action))
                await record(connection, tenant, f"key-{random.randint(1, 3)}", action, f"job/{uuid4()}", **detail)
