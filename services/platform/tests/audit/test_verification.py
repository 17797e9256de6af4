"""The whole check, while the log is written."""

import asyncio
from uuid import uuid4

from slipway.audit.checkpointer import Checkpointer
from slipway.audit.comparison import Comparison
from slipway.audit.sealer import Sealer
from slipway.evidence import Evidence


async def test_checkpoints_hold_while_the_log_is_written_sealed_and_checked(
    platform, principal, stranger, write, audit
):
    writing = True

    async def keep(work):
        while writing:
            await work()

    async def one_process():
        evidence = Evidence(platform.settings.evidence_dir, platform.signer)
        sealer = Sealer(platform.database, platform.signer, evidence)
        checkpointer = Checkpointer(platform.database, evidence, 0.0)
        await asyncio.gather(keep(sealer.seal), keep(checkpointer.checkpoint))

    processes = [asyncio.create_task(one_process()) for _ in range(2)]
    for number in range(30):
        await write((principal, stranger)[number % 2].tenant_id, 3)
    assert (await audit()).holds
    writing = False
    await asyncio.gather(*processes)
    report = await audit()
    assert report.holds, report
    assert report.checkpoints.lines > 5


async def test_what_comes_after_the_chains_were_read_is_no_tampering(covered, audit, rows, work, monkeypatch):
    """Seals and checkpoints, also of tenants who were not there when the check began."""
    compare, later = Comparison.compare, uuid4()

    async def meanwhile(self):
        await rows("INSERT INTO tenants (id, name) VALUES (%s, 'later')", later)
        await work(later, 2)
        await work(covered, 2)
        return await compare(self)

    monkeypatch.setattr(Comparison, "compare", meanwhile)
    report = await audit()
    assert report.holds, report
    assert (report.names[later], report.verdicts[later].seals) == ("later", 2)


async def test_what_comes_after_the_checkpoints_were_read_is_no_tampering(covered, audit, rows, work, monkeypatch):
    compare, later = Comparison.compare, uuid4()

    async def then(self):
        found = await compare(self)
        await rows("INSERT INTO tenants (id, name) VALUES (%s, 'later')", later)
        await work(later, 2)
        return found

    monkeypatch.setattr(Comparison, "compare", then)
    assert (await audit()).holds
