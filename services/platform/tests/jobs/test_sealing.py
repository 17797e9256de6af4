import json
from dataclasses import replace
from uuid import UUID

import pytest

from slipway.jobs import repository
from slipway.jobs.sealing import ItemSealer, seal_input
from slipway.keys.envelope import SealBroken, new_data_key
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import issue_key

PAGE = b"canary-of-the-input-4711"
PATIENT = "canary.patient@example.org"
OUTPUT = "canary-of-the-output-0815"
CODE = "canary_of_the_failure"


async def dump(rows):
    """Return every value of every column of every table: as JSON, where bytes are hexadecimal."""
    tables = [name for (name,) in await rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    found = {name: [row for (row,) in await rows(f"SELECT to_jsonb(t) FROM {name} t")] for name in tables}
    return {name: content for name, content in found.items() if content}


def forms(canary):
    """Return the ways in which a text may lie in a dump."""
    raw = canary.encode() if isinstance(canary, str) else canary
    return {raw.decode(), raw.hex(), json.dumps(raw.decode())[1:-1]}


@pytest.fixture
def answers_with_canaries(engine, monkeypatch):
    output = engine.platform.workload.Output

    async def predict(items):
        from slipway.workload import Failure  # noqa: PLC0415

        return [Failure(CODE, f"About {OUTPUT}.") if i.page == b"bad" else output(sha256=OUTPUT) for i in items]

    monkeypatch.setattr(engine.platform.predictor, "predict", predict)


async def test_nothing_personal_lies_in_any_column_of_any_table(
    engine, principal, consumer, rows, answers_with_canaries
):
    inputs = [{"page": PAGE, "patient": PATIENT}, {"page": b"bad", "patient": PATIENT}, {"page": PAGE}]
    job_id = await engine.take_in(principal, inputs)
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        issued = await issue_key(connection, principal.tenant_id, KeyOrder("a key", frozenset(Scope)), "test")
    stored_before = json.dumps(await dump(rows))
    await consumer.turn()
    content = await dump(rows)

    results = await engine.results(principal, job_id)
    assert [r.output for r in results] == [{"sha256": OUTPUT}, None, {"sha256": OUTPUT}]
    assert {"jobs", "job_items", "subjects", "subject_keys", "tenant_keys", "api_keys", "audit_log"} <= set(content)
    assert str(job_id) in json.dumps(content), "the dump does show what is stored in plain"
    secret = issued.token.get_secret_value().rpartition("_")[2]
    for canary in (PAGE, PATIENT, OUTPUT, CODE, secret):
        for form in forms(canary):
            assert form not in json.dumps(content), form
            assert form not in stored_before, form


@pytest.mark.parametrize("column", ["input", "output"])
async def test_a_value_that_was_moved_to_another_row_does_not_open(engine, submit, principal, consumer, rows, column):
    job_id = await submit([b"one", b"two"])
    await consumer.turn()
    await rows(
        f"UPDATE job_items i SET {column} = o.{column} FROM job_items o WHERE o.job_id = i.job_id AND o.ordinal = 0"
    )

    sealer, items = await opened(engine, principal, job_id)
    for item in items:
        if item.ordinal == 0:
            open_both(engine, sealer, item)
        else:
            with pytest.raises(SealBroken):
                open_both(engine, sealer, item)


async def test_a_value_that_was_moved_to_the_other_column_does_not_open(engine, submit, principal, consumer, rows):
    job_id = await submit([b"one"])
    await consumer.turn()
    sealer, (item,) = await opened(engine, principal, job_id)
    open_both(engine, sealer, item)
    await rows("UPDATE job_items SET output = input")

    sealer, items = await opened(engine, principal, job_id)
    with pytest.raises(SealBroken):
        sealer.open_results(items)


async def test_a_value_of_another_job_or_tenant_does_not_open(engine, submit, principal, stranger, rows):
    mine, other = await submit([b"one"]), await submit([b"one"])
    theirs = await submit([b"one"], caller=stranger)
    for source in (other, theirs):
        await rows(
            "UPDATE job_items SET input = (SELECT input FROM job_items WHERE job_id = %s) WHERE job_id = %s",
            source,
            mine,
        )
        sealer, items = await opened(engine, principal, mine)
        with pytest.raises(SealBroken):
            sealer.open_input(items[0], engine.platform.workload.Input)


def test_the_place_is_sealed_in_and_not_the_key_alone(platform, principal):
    key = new_data_key()
    item = platform.workload.Input(page=b"x")
    one, two = (seal_input(key, principal.tenant_id, UUID(int=7), ordinal, item) for ordinal in (1, 2))
    assert len(one) == len(two)
    assert one != two


async def test_a_broken_seal_is_the_fault_of_its_input_alone(engine, submit, principal, consumer, rows):
    job_id = await submit([b"one", b"two", b"three"])
    await rows("UPDATE job_items SET input = input || 'x'::bytea WHERE ordinal = 1")

    await engine.run(consumer)

    done = await engine.job(principal, job_id)
    assert (done.succeeded, done.dead) == (2, 1)


async def opened(engine, principal, job_id):
    keyset = await engine.platform.keyring.keyset(principal.tenant_id)
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        items = await repository.read_items(connection, job_id, 0, 100)
    inputs = dict(await engine.rows("SELECT ordinal, input FROM job_items WHERE job_id = %s", job_id))
    return ItemSealer(keyset, job_id), [replace(item, input=inputs[item.ordinal]) for item in items]


def open_both(engine, sealer, item):
    sealer.open_input(item, engine.platform.workload.Input)
    sealer.open_results([item])
