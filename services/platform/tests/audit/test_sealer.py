import asyncio
from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from slipway.audit import chain_check, repository
from slipway.audit import sealer as module
from slipway.audit.chain_check import ChainCheck
from slipway.audit.schemas import Action
from slipway.audit.sealer import Sealer
from slipway.audit.service import record
from slipway.clock import use_clock
from slipway.keys.signer import AuditSigner, new_signing_key
from slipway.telemetry.spans import REQUEST

TAMPERING = {
    "an entry is edited": "UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT min(id) + 3 FROM audit_log)",
    "the detail of an entry is edited": "UPDATE audit_log SET detail = '{\"took\": 2.0}' WHERE resource = 'workload/1'",
    "the time of an entry is edited": "UPDATE audit_log SET at = at - interval '1 h' WHERE resource = 'workload/1'",
    "an entry is deleted": "DELETE FROM audit_log WHERE id = (SELECT min(id) + 3 FROM audit_log)",
    "a seal's entries are deleted": "DELETE FROM audit_log WHERE xid = (SELECT max(xid) FROM audit_log)",
    "two entries change places": (
        "UPDATE audit_log SET resource = CASE resource WHEN 'workload/0' THEN 'workload/1' ELSE 'workload/0' END"
        " WHERE action = 'predicted'"
    ),
    "an entry is slipped in": (
        "INSERT INTO audit_log (tenant_id, xid, actor, action, resource) "
        "SELECT tenant_id, xid, actor, action, resource FROM audit_log ORDER BY id LIMIT 1"
    ),
    "the first seal is deleted": "DELETE FROM audit_seals WHERE sequence = 1",
    "a seal is deleted": "DELETE FROM audit_seals WHERE sequence = 2",
    "a seal is deleted and the gap closed": (
        "DELETE FROM audit_seals WHERE sequence = 2; UPDATE audit_seals SET sequence = 2 WHERE sequence = 3"
    ),
    "a seal with its entries is deleted and the gap closed": (
        "DELETE FROM audit_log l USING audit_seals s, audit_seals p WHERE s.sequence = 2 AND p.sequence = 1"
        " AND l.xid >= p.upto_xid AND l.xid < s.upto_xid;"
        "DELETE FROM audit_seals WHERE sequence = 2; UPDATE audit_seals SET sequence = 2 WHERE sequence = 3"
    ),
    "two seals change places": (
        "UPDATE audit_seals SET sequence = 15 - sequence WHERE sequence > 1;"
        "UPDATE audit_seals SET sequence = sequence - 10 WHERE sequence > 10"
    ),
    "a digest is edited": "UPDATE audit_seals SET digest = sha256('x') WHERE sequence = 2",
    "a count is edited": "UPDATE audit_seals SET entries = entries + 1 WHERE sequence = 2",
    "a range is edited": "UPDATE audit_seals SET upto_xid = '1' WHERE sequence = 1",
    "the transaction of an entry is edited": (
        "UPDATE audit_log SET xid = (SELECT xid FROM audit_log ORDER BY id LIMIT 1)"
        " WHERE id = (SELECT min(id) + 1 FROM audit_log)"
    ),
    "a key's id is edited": "UPDATE audit_seals SET key_id = 'other' WHERE sequence = 2",
    "a seal is added before the first": (
        "INSERT INTO audit_seals (tenant_id, sequence, upto_xid, entries, digest, signature, key_id, sealed_at)"
        " SELECT tenant_id, -1, '3', 0, digest, signature, key_id, sealed_at FROM audit_seals WHERE sequence = 1"
    ),
    "a checkpoint is named without its digest": "UPDATE audit_seals SET checkpoint = 7 WHERE sequence = 2",
    "a form is edited": "UPDATE audit_seals SET format = 1 WHERE sequence = 2",
    "a form that there is not": "UPDATE audit_seals SET format = 3 WHERE sequence = 2",
    "a known checkpoint is edited": "UPDATE audit_seals SET checkpoint = 1, checkpoint_digest = 'x' WHERE sequence = 2",
    "the time of a seal is edited": "UPDATE audit_seals SET sealed_at = sealed_at - interval '1 h' WHERE sequence = 2",
    "a signature is edited": "UPDATE audit_seals SET signature = signature || 'x'::bytea WHERE sequence = 2",
}

CHANGED = """
    SELECT EXISTS (TABLE kept_log EXCEPT TABLE audit_log) OR EXISTS (TABLE audit_log EXCEPT TABLE kept_log)
        OR EXISTS (TABLE kept_seals EXCEPT TABLE audit_seals) OR EXISTS (TABLE audit_seals EXCEPT TABLE kept_seals)
"""


async def test_what_is_written_is_chained_signed_and_verified(chain, check, rows):
    verdict = await check(chain)

    assert (verdict.seals, verdict.entries, verdict.broken) == (3, 7, None)
    found = await rows("SELECT sequence, entries, octet_length(signature) FROM audit_seals ORDER BY 1")
    assert found == [(1, 3, 64), (2, 2, 64), (3, 2, 64)]


async def test_tampering_is_found_even_if_the_superuser_did_it(chain, check, rows):
    await rows("CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals")
    for what, statements in TAMPERING.items():
        await rows(statements)
        assert await rows(CHANGED) == [(True,)], what

        verdict = await check(chain)

        assert (verdict.broken or "").startswith("seal "), what
        assert verdict.seals < 3, what
        await rows("TRUNCATE audit_log, audit_seals")
        await rows("INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_seals TABLE kept_seals")
        assert (await check(chain)).broken is None


async def test_a_number_that_is_written_otherwise_is_found(chain, check, rows):
    """To PostgreSQL, and to whoever reads the detail, 1.0 and 1.00 are the same."""
    await rows("""UPDATE audit_log SET detail = '{"took": 1.00}' WHERE id = (SELECT max(id) FROM audit_log)""")
    assert (await check(chain)).broken == "seal 3: an entry that it covers was changed"


async def test_a_chain_that_was_signed_with_another_key_does_not_hold(platform, chain):
    other = AuditSigner.parse(new_signing_key())

    verdict = await ChainCheck(platform.database, {other.key_id: other.public_key}).verify(chain)

    assert verdict.broken == "seal 1: its signature is not ours: it was changed, or signed with another key"


async def test_the_time_zone_of_the_reader_does_not_matter(platform, chain, check, rows):
    await rows("ALTER ROLE slipway_app SET timezone = 'Asia/Kathmandu'")
    try:
        await platform.database.close()
        assert (await check(chain)).broken is None
    finally:
        await rows("ALTER ROLE slipway_app RESET timezone")


async def test_nothing_new_means_no_seal(chain, sealer, rows):
    sealed = await sealer.seal()

    assert (sealed.entries, sealed.seals, sealed.oldest_seconds) == (0, 0, 0.0)
    assert await rows("SELECT count(*) FROM audit_seals") == [(3,)]


async def test_each_tenant_has_a_chain_of_its_own(principal, stranger, write, sealer, check, rows):
    await write(principal.tenant_id, 3)
    sealed = await sealer.seal()
    await rows("DELETE FROM audit_log WHERE tenant_id = %s", stranger.tenant_id)

    assert (sealed.entries, sealed.seals) == (5, 2)
    assert (await check(principal.tenant_id)).broken is None
    assert (await check(stranger.tenant_id)).broken is not None


async def test_entries_of_a_transaction_that_commits_late_are_sealed_once(
    platform, principal, write, sealer, check, rows
):
    """Its number is lower than that of entries which were committed, and seen, before it."""
    tenant = principal.tenant_id
    async with platform.database.transaction(tenant) as late:
        await record(late, tenant, "late", Action.PREDICTED, "workload/late")
        await write(tenant, 2)
        during = await sealer.seal()
        assert during.entries == 1, "the tenant's creation; what came after the open transaction has to wait"
        assert during.oldest_seconds > 0
        waiting = await sealer.seal()
        assert (waiting.entries, waiting.oldest_seconds > 0) == (0, True), "and is reported as unsealed"
    await write(tenant)
    assert (await sealer.seal()).entries == 4

    verdict = await check(tenant)
    assert (verdict.entries, verdict.broken) == (5, None)
    assert await rows("SELECT sum(entries) FROM audit_seals") == await rows("SELECT count(*) FROM audit_log")


async def test_many_writers_and_two_sealers_miss_nothing_and_repeat_nothing(
    platform, principal, stranger, write, check, rows
):
    writing = True

    async def seal():
        sealer = Sealer(platform.database, platform.signer)
        while writing:
            await sealer.seal()

    sealers = [asyncio.create_task(seal()) for _ in range(2)]
    tenants = (principal.tenant_id, stranger.tenant_id)
    for sealed in (1, 2, 3):
        await asyncio.gather(*(write(tenants[n % 2], 3) for n in range(20)))
        while min([(await check(tenant)).seals for tenant in tenants]) < sealed:
            await asyncio.sleep(0.01)
    writing = False
    await asyncio.gather(*sealers)
    await Sealer(platform.database, platform.signer).seal()

    for tenant in tenants:
        verdict = await check(tenant)
        assert (verdict.entries, verdict.broken) == (1 + 30 * 3, None)
        assert verdict.seals >= 3
    assert await rows("SELECT sum(entries) FROM audit_seals") == [(2 * 91,)]


async def test_a_tenant_that_cannot_be_sealed_does_not_hold_up_the_others(
    principal, stranger, write, sealer, check, rows
):
    tenants = {principal.tenant_id, stranger.tenant_id}
    for broken in tenants:
        (whole,) = tenants - {broken}
        await write(whole)
        await write(broken)
        before = await check(whole)
        await rows(f"ALTER TABLE audit_seals ADD CONSTRAINT no CHECK (tenant_id <> '{broken}') NOT VALID")

        sealed = await sealer.seal()

        assert (sealed.seals, sealed.failed) == (1, 1)
        assert (await check(whole)).seals == before.seals + 1
        await rows("ALTER TABLE audit_seals DROP CONSTRAINT no")


async def test_a_long_backlog_is_sealed_in_steps_of_whole_transactions(
    principal, write, sealer, check, rows, monkeypatch
):
    monkeypatch.setattr(module, "_ENTRIES_A_SEAL", 4)
    for count in (2, 3, 9, 1):
        await write(principal.tenant_id, count)

    for entries in (1 + 2, 3, 9, 1, 0):
        assert (await sealer.seal()).entries == entries

    verdict = await check(principal.tenant_id)
    assert (verdict.seals, verdict.entries, verdict.broken) == (4, 16, None)
    assert await rows("SELECT count(*) FROM audit_log") == [(16,)]


async def test_a_long_chain_is_verified_in_short_transactions(chain, check, monkeypatch):
    entries_between, began = repository.entries_between, []

    async def observed(connection, start, end, most):
        began.append((await connection.execute(text("SELECT now()"))).scalar_one())
        found = await entries_between(connection, start, end, most)
        assert len(found) <= 4
        return found

    monkeypatch.setattr(repository, "entries_between", observed)
    monkeypatch.setattr(chain_check, "_ENTRIES_A_PAGE", 4)
    assert (await check(chain)).seals == 3
    assert len(set(began)) == 2


async def test_a_seal_says_when_it_was_made(principal, sealer, rows):
    moment = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    with use_clock(lambda: moment):
        await sealer.seal()
    assert await rows("SELECT sealed_at FROM audit_seals") == [(moment,)]


async def test_the_app_role_cannot_change_what_was_written(platform, principal):
    for table, change in product(("audit_log", "audit_seals"), ("UPDATE {} SET tenant_id = NULL", "DELETE FROM {}")):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with platform.database.transaction(principal.tenant_id) as connection:
                await connection.execute(text(change.format(table)))


async def test_the_app_role_cannot_date_an_entry_back(platform, principal):
    for column, value in (("id", "1"), ("xid", "'1'"), ("at", "now()")):
        statement = (
            f"INSERT INTO audit_log (tenant_id, actor, action, resource, {column}) VALUES (:t, 'a', 'b', 'c', {value})"
        )
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with platform.database.transaction(principal.tenant_id) as connection:
                await connection.execute(text(statement), {"t": principal.tenant_id})


async def test_an_entry_shares_the_fate_of_its_transaction(platform, principal, rows):
    async def change_ones_mind():
        async with platform.database.transaction(principal.tenant_id) as connection:
            await record(connection, principal.tenant_id, "key", Action.JOB_CREATED, "job/1")
            raise RuntimeError("the job was not created after all")

    with pytest.raises(RuntimeError):
        await change_ones_mind()

    assert await rows("SELECT action FROM audit_log") == [("tenant.created",)]


async def test_an_entry_knows_its_trace(platform, principal, rows):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with platform.tracing.continue_trace(f"00-{trace}-00f067aa0ba902b7-01", REQUEST):
        async with platform.database.transaction(principal.tenant_id) as connection:
            await record(connection, principal.tenant_id, "key", Action.JOB_CREATED, "job/1", inputs=3)

    found = await rows("SELECT actor, action, resource, detail, trace_id FROM audit_log WHERE action = 'job.created'")
    assert found == [("key", "job.created", "job/1", {"inputs": 3}, trace)]
