import asyncio

import pytest

from slipway.errors import InvalidInput, RequestInProgress
from slipway.idempotency.service import IdempotencyKey, begin
from slipway.jobs import service
from slipway.jobs.intake import PART_BYTES, PART_INPUTS
from slipway.jobs.schemas import JobState


async def test_a_large_job_is_stored_in_parts_and_cannot_be_claimed_before_it_is_whole(engine, principal, rows):
    intake = await engine.intake(principal)
    for n in range(PART_INPUTS + 20):
        await intake.add(engine.platform.workload.Input(page=str(n).encode()))

    assert await rows("SELECT state, total FROM jobs") == [("receiving", 0)]
    assert await rows("SELECT count(*) FROM job_items") == [(PART_INPUTS,)]
    assert await engine.claim() is None

    job = await intake.close(b"")
    assert (job.state, job.total, intake.count) == (JobState.QUEUED, PART_INPUTS + 20, PART_INPUTS + 20)
    ((count, size),) = await rows("SELECT count(*), max(last - first + 1) FROM job_chunks")
    assert (count, size) == ((PART_INPUTS + 20) // 4, 4)


async def test_a_part_is_also_full_by_its_bytes(engine, principal, rows):
    intake = await engine.intake(principal)
    await intake.add(engine.platform.workload.Input(page=b"x"), PART_BYTES - 1)
    assert await rows("SELECT 1 FROM job_items") == []
    await intake.add(engine.platform.workload.Input(page=b"x"), 1)
    assert len(await rows("SELECT 1 FROM job_items")) == 2


async def test_a_job_without_inputs_is_refused(engine, principal, rows):
    with pytest.raises(InvalidInput, match="at least one"):
        await (await engine.intake(principal)).close(b"")
    assert await rows("SELECT 1 FROM jobs") == []


async def test_an_upload_that_is_broken_off_leaves_nothing(engine, principal, rows):
    intake = await engine.intake(principal)
    await intake.add(engine.platform.workload.Input(page=b"x", patient=None), PART_BYTES)
    assert len(await rows("SELECT 1 FROM job_items")) == 1

    await intake.abort()

    for table in ("jobs", "job_items", "subjects", "subject_keys"):
        assert await rows(f"SELECT 1 FROM {table}") == [], table


async def test_a_job_that_was_queued_stays_when_its_caller_never_hears_of_it(engine, principal, rows, consumer):
    """The commit may arrive although its acknowledgement does not: then the job is the truth."""
    intake = await engine.intake(principal)
    await intake.add(engine.platform.workload.Input(page=b"x"))
    await intake.close(b"")

    await intake.abort()

    await consumer.turn()
    assert (await engine.job(principal, intake.job_id)).state is JobState.COMPLETED


async def test_an_upload_whose_key_was_taken_over_changes_nothing(engine, principal, rows):
    key = IdempotencyKey.of(await engine.platform.keyring.keyset(principal.tenant_id), "POST /v1/jobs", "k")
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        assert await begin(connection, key) is None
    await rows("UPDATE idempotency_keys SET owner = gen_random_uuid()")
    intake = await engine.intake(principal, idempotency=key)
    await intake.add(engine.platform.workload.Input(page=b"x"))

    with pytest.raises(RequestInProgress):
        await intake.close(b"fingerprint")

    for table in ("jobs", "job_items", "job_chunks"):
        assert await rows(f"SELECT 1 FROM {table}") == [], table


async def test_an_upload_that_its_owner_deletes_is_not_resurrected(engine, principal, rows):
    intake = await engine.intake(principal)
    await intake.add(engine.platform.workload.Input(page=b"x"), PART_BYTES)
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        await service.delete_job(connection, principal, intake.job_id)

    await intake.add(engine.platform.workload.Input(page=b"y"))
    with pytest.raises(InvalidInput, match="deleted"):
        await intake.close(b"")
    assert await rows("SELECT 1 FROM job_items") == []


async def test_one_person_has_one_key_in_all_jobs_and_each_job_one_for_whoever_is_not_named(engine, principal, rows):
    ada, bob = {"page": b"x", "patient": "ada"}, {"page": b"x", "patient": "bob"}
    first = await engine.take_in(principal, [ada, bob, ada, {"page": b"x"}])
    second = await engine.take_in(principal, [ada, {"page": b"x"}])

    seals = [
        [subject for (subject,) in await rows("SELECT subject_id FROM job_items WHERE job_id = %s ORDER BY ordinal", j)]
        for j in (first, second)
    ]

    assert seals[0][0] == seals[0][2] == seals[1][0], "ada"
    assert len({*seals[0], *seals[1]}) == 4, "ada, bob, and the unnamed of each job"
    assert await rows("SELECT count(*), count(DISTINCT subject_id) FROM subject_keys") == [(4, 4)]


async def test_the_key_of_the_unnamed_goes_with_its_job_and_a_persons_key_stays(engine, principal, rows):
    job_id = await engine.take_in(principal, [{"page": b"x", "patient": "ada"}, {"page": b"x"}])
    async with engine.platform.database.transaction(principal.tenant_id) as connection:
        await service.delete_job(connection, principal, job_id)

    assert await rows("SELECT s.pseudonym IS NOT NULL FROM subject_keys k JOIN subjects s ON s.id = k.subject_id") == [
        (True,)
    ]


async def test_the_same_person_is_someone_else_for_another_tenant(engine, principal, stranger, rows):
    for caller in (principal, stranger):
        await engine.take_in(caller, [{"page": b"x", "patient": "ada"}])

    assert await rows("SELECT count(DISTINCT pseudonym) FROM subjects") == [(2,)]


async def test_uploads_about_the_same_people_do_not_block_each_other_for_good(engine, principal, rows):
    people = [{"page": b"x", "patient": f"patient {n}"} for n in range(30)]

    await asyncio.gather(*(engine.take_in(principal, people[::step]) for step in (1, -1, 2, -2, 3, -3)))

    assert await rows("SELECT count(*), count(DISTINCT pseudonym) FROM subjects WHERE pseudonym IS NOT NULL") == [
        (30, 30)
    ]
