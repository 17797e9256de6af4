import pytest

from slipway.audit.buffer import AuditBuffer
from slipway.errors import Unavailable
from slipway.tenants.schemas import Principal

WRITTEN = "SELECT tenant_id, actor, resource, detail FROM audit_log WHERE action = 'predicted' ORDER BY id"


@pytest.fixture
def buffer(platform):
    return AuditBuffer(platform.database, "checksum")


async def test_requests_are_written_as_one_entry_for_each_caller(buffer, principal, stranger, rows):
    other_key = Principal(principal.tenant_id, "another key", principal.scopes)
    for caller, inputs in ((principal, 3), (stranger, 1), (principal, 4), (other_key, 2)):
        buffer.predicted(caller, inputs)
    assert await rows(WRITTEN) == []

    await buffer.flush()

    assert sorted(await rows(WRITTEN), key=str) == sorted(
        [
            (principal.tenant_id, "test", "workload/checksum", {"inputs": 7, "requests": 2}),
            (stranger.tenant_id, "test", "workload/checksum", {"inputs": 1, "requests": 1}),
            (principal.tenant_id, "another key", "workload/checksum", {"inputs": 2, "requests": 1}),
        ],
        key=str,
    )
    await buffer.flush()
    assert len(await rows(WRITTEN)) == 3, "what was written is not written again"


async def test_an_outage_loses_nothing_and_doubles_nothing(buffer, platform, principal, stranger, rows, monkeypatch):
    buffer.predicted(principal, 3)
    buffer.predicted(stranger, 5)
    transaction = platform.database.transaction

    def fail_for_the_stranger(tenant):
        if tenant == stranger.tenant_id:
            raise Unavailable("The database does not answer.")
        return transaction(tenant)

    with monkeypatch.context() as patch:
        patch.setattr(platform.database, "transaction", fail_for_the_stranger)
        for _ in range(3):
            with pytest.raises(Unavailable):
                await buffer.flush()
            buffer.predicted(principal, 1)
    await buffer.flush()

    totals = await rows("""
        SELECT tenant_id, sum((detail->>'inputs')::int), sum((detail->>'requests')::int)
        FROM audit_log WHERE action = 'predicted' GROUP BY 1
    """)
    assert {tenant: counts for tenant, *counts in totals} == {
        principal.tenant_id: [6, 4],
        stranger.tenant_id: [5, 1],
    }
