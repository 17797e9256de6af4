"""Everything that is held about a person is in their export, and nothing that is held about others."""

import base64
from collections import Counter
from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from slipway.errors import Conflict, NotFound, Unavailable
from slipway.exports import repository, service
from slipway.exports.exporter import Exporter
from slipway.exports.sources import SOURCES
from slipway.telemetry import catalogue


def pages(lines: list[dict]) -> list[bytes]:
    return [base64.b64decode(line["job_items"]["input"]["page"]) for line in lines if "job_items" in line]


async def test_a_person_gets_everything_and_nothing_of_anybody_else(requester, other, tmp_path):
    await requester.take_in(("ada", b"one of ada"), ("bob", b"one of bob"), ("ada", b"bad"), (None, b"of nobody"))
    await requester.work()
    await requester.take_in(("ada", b"still waiting"))
    await other.take_in(("ada", b"of another ada"))

    lines = await requester.export("ada", tmp_path / "ada")

    assert [tuple(line) for line in lines] == [("subjects",), ("subject_requests",), *[("job_items", "jobs")] * 3]
    assert lines[0]["subjects"]["id"] == str(await requester.subject("ada"))
    assert lines[1]["subject_requests"]["kind"] == "export"
    found = dict(zip(pages(lines), lines[2:], strict=True))
    assert found.keys() == {b"one of ada", b"bad", b"still waiting"}
    assert len(found[b"one of ada"]["job_items"]["output"]["sha256"]) == 64
    assert found[b"bad"]["job_items"]["output"]["code"] == "unreadable"
    assert found[b"still waiting"]["job_items"]["output"] is None
    assert found[b"still waiting"]["jobs"]["state"] == "queued"
    assert {line["job_items"]["input"]["patient"] for line in lines[2:]} == {"ada"}


async def test_a_person_can_read_what_it_means(requester, tmp_path):
    await requester.take_in(("ada", b"page"))
    await requester.export("ada", tmp_path / "ada")

    told = (tmp_path / "ada" / "README.md").read_text()
    assert f"person with the id `{await requester.subject('ada')}`" in told
    assert "3 lines of data" in told
    assert "| `job_items` | `job_id`, `ordinal`" in told
    assert "A keyed hash by which the person is found" in told
    assert (tmp_path / "ada" / "privacy-notice.md").read_text().startswith("# Privacy notice")


async def test_what_processing_may_not_touch_is_given_all_the_same(requester, rows, tmp_path):
    await requester.take_in(("ada", b"page"))
    await requester.work()
    await rows("UPDATE subjects SET restricted_at = now(), objected_at = now()")

    lines = await requester.export("ada", tmp_path / "ada")

    assert pages(lines) == [b"page"]
    assert lines[0]["subjects"]["restricted_at"]


async def test_of_thousands_none_is_missing_and_none_is_there_twice(requester, rows, tmp_path):
    for job in range(3):
        await requester.take_in(*((("ada", "bob")[n % 3 == 0], b"%d of job %d" % (n, job)) for n in range(900)))

    lines = await requester.export("ada", tmp_path / "ada")

    wanted = Counter(b"%d of job %d" % (n, job) for job in range(3) for n in range(900) if n % 3)
    assert Counter(pages(lines)) == wanted
    assert (await rows("SELECT count(*) FROM subject_export_parts"))[0][0] == 4 + 2


async def test_a_page_is_small_however_long_the_rows_are(platform, requester):
    job = await requester.take_in(*(("ada", bytes([65 + n]) * 4_000) for n in range(20)))
    subject, after, sizes, complete = await requester.subject("ada"), ("job_items",), [], False
    async with platform.database.transaction(requester.principal.tenant_id) as connection:
        while not complete:
            batch = await repository.read_batch(connection, subject, after, rows=7, size=12_000)
            (page,), complete = batch.pages, batch.complete
            sizes.append(len(page.rows))
            assert page.keys[0] == f"{job}/{sum(sizes[:-1])}"
            after = page.after
    assert sizes == [3, 3, 3, 3, 3, 3, 2]


async def test_neither_others_rows_nor_those_of_other_pages_are_read(platform, requester, rows):
    job, tenant = await requester.take_in(("ada", b"page")), requester.principal.tenant_id
    ada = await requester.subject("ada")
    await rows("INSERT INTO subjects (tenant_id) SELECT %s FROM generate_series(1, 100)", tenant)
    await rows(
        """
        INSERT INTO job_items (job_id, ordinal, tenant_id, subject_id, input)
        SELECT %s, row_number() OVER (), tenant_id, id, convert_to(repeat('x', 300), 'UTF8')
        FROM subjects, generate_series(1, CASE id WHEN %s THEN 2000 ELSE 200 END)
        """,
        job,
        ada,
    )
    await rows("ANALYZE job_items")
    statement = repository._page(SOURCES[-1], ada, [str(job), "499"], repository.PAGE_ROWS, repository.PAGE_BYTES)
    written = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    async with platform.database.transaction(tenant) as connection:
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {written}"))).scalars())
    (found,) = (line for line in plan.splitlines() if "Index Cond: ((subject_id >= " in line)
    assert "(ROW(subject_id, job_id, ordinal) > ROW(" in found, "no page reads the keys of the ones before it"
    assert "Seq Scan on job_items" not in plan


class Dying(Exporter):
    """Is killed behind the second part."""

    async def _add(self, claimed, step):
        if step.progress.parts == 2:
            raise KeyboardInterrupt
        await super()._add(claimed, step)


async def test_what_was_killed_is_gone_on_with_behind_its_last_part(platform, requester, rows, tmp_path):
    await requester.take_in(*(("ada", b"%d" % n) for n in range(1_700)))
    export_id = await requester.ask("ada")
    with pytest.raises(KeyboardInterrupt):
        await Dying(platform).work()
    begun = await rows("SELECT number, content FROM subject_export_parts ORDER BY 1")
    assert [number for number, _ in begun] == [1, 2]

    await requester.make()
    assert (await rows("SELECT state FROM subject_requests")) == [("running",)], "its lease is not over"
    await rows("UPDATE subject_requests SET lease_until = now() - interval '1 second'")
    await requester.make()

    assert (await rows("SELECT number, content FROM subject_export_parts WHERE number IN (1, 2) ORDER BY 1")) == begun
    lines = requester.open(await requester.fetch("ada", export_id), tmp_path / "ada")
    assert Counter(pages(lines)) == Counter(b"%d" % n for n in range(1_700))


class Overtaken(Exporter):
    """Is so slow that another has made the whole export meanwhile."""

    def __init__(self, platform, rows):
        super().__init__(platform)
        self._platform, self._rows, self._overtaken = platform, rows, False

    async def _finish(self, claimed, step):
        if not self._overtaken:
            self._overtaken = True
            await self._rows("UPDATE subject_requests SET lease_until = now() - interval '1 second'")
            await Exporter(self._platform).work()
        return await super()._finish(claimed, step)


async def test_who_lost_the_lease_writes_nothing_more(platform, requester, rows, tmp_path):
    await requester.take_in(("ada", b"page"))
    export_id = await requester.ask("ada")
    await Overtaken(platform, rows).work()
    assert pages(requester.open(await requester.fetch("ada", export_id), tmp_path / "ada")) == [b"page"]
    assert (await rows("SELECT token, state FROM subject_requests")) == [(2, "done")]


class Erased(Exporter):
    """Finds in the middle that the person is gone."""

    rows = None

    async def _finish(self, claimed, step):
        await self.rows("DELETE FROM subjects")
        return await super()._finish(claimed, step)


async def test_an_erasure_takes_the_export_along_even_while_it_is_made(platform, requester, rows):
    await requester.take_in(("ada", b"page"))
    await requester.ask("ada")
    exporter = Erased(platform)
    exporter.rows = rows
    await exporter.work()
    assert (await rows("SELECT state FROM subject_requests")) == [("failed",)]
    assert (await rows("SELECT count(*) FROM subject_exports")) == [(0,)]
    shown = platform.metrics.registry.get_sample_value
    assert shown(catalogue.EXPORTS.name, {"outcome": "gone"}) == 1
    assert (await rows("SELECT count(*) FROM subject_export_parts")) == [(0,)]


async def test_what_does_not_open_is_not_left_out_in_silence(platform, requester, rows):
    await requester.take_in(("ada", b"page"), ("ada", b"changed"))
    await rows("UPDATE job_items SET input = set_byte(input, 20, get_byte(input, 20) # 1) WHERE ordinal = 1")
    export_id = await requester.ask("ada")
    for _ in range(6):
        await requester.make()
        await rows("UPDATE subject_requests SET lease_until = now() - interval '1 second' WHERE state = 'received'")

    assert (await rows("SELECT state, attempts FROM subject_requests")) == [("failed", 5)]
    assert (await rows("SELECT count(*) FROM subject_export_parts")) == [(0,)]
    with pytest.raises(Conflict, match="has failed"):
        await requester.fetch("ada", export_id)
    shown = platform.metrics.registry.get_sample_value
    assert shown(catalogue.EXPORTS.name, {"outcome": "failed"}) == 1
    assert shown(catalogue.EXPORTS.name, {"outcome": "postponed"}) == 4


async def test_an_outage_only_puts_it_off(platform, requester, rows, monkeypatch, tmp_path):
    await requester.take_in(("ada", b"page"))
    export_id = await requester.ask("ada")

    async def away(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(platform.keyring, "read", away)
        with pytest.raises(Unavailable):
            await requester.make()
    assert (await rows("SELECT state FROM subject_requests")) == [("received",)]
    with pytest.raises(Conflict, match="not ready"):
        await requester.fetch("ada", export_id)
    await rows("UPDATE subject_requests SET lease_until = NULL")
    await requester.make()
    assert pages(requester.open(await requester.fetch("ada", export_id), tmp_path / "ada")) == [b"page"]


async def test_outages_do_not_use_up_the_attempts(platform, requester, rows, monkeypatch):
    await requester.take_in(("ada", b"page"))
    await requester.ask("ada")

    async def away(*_: object) -> None:
        raise Unavailable("away")

    async def broken(*_: object) -> None:
        raise ValueError("broken")

    for reading, error in ((away, Unavailable), (broken, None)):
        for _ in range(4):
            with monkeypatch.context() as patch, pytest.raises(error) if error else nullcontext():
                patch.setattr(platform.keyring, "read", reading)
                await requester.make()
            await rows("UPDATE subject_requests SET lease_until = NULL")
    assert (await rows("SELECT state, attempts FROM subject_requests")) == [("received", 4)]
    await requester.make()
    assert (await rows("SELECT state FROM subject_requests")) == [("done",)]


async def test_what_kills_its_workers_is_given_up(platform, requester, rows):
    await requester.take_in(*(("ada", b"%d" % n) for n in range(1_700)))
    await requester.ask("ada")
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            await Dying(platform).work()
        await rows("UPDATE subject_requests SET lease_until = now() - interval '1 second'")
    await Dying(platform).work()

    assert (await rows("SELECT state FROM subject_requests")) == [("failed",)]
    assert (await rows("SELECT count(*) FROM subject_export_parts")) == [(0,)]
    assert platform.metrics.registry.get_sample_value(catalogue.EXPORTS.name, {"outcome": "failed"}) == 1


async def test_whoever_gets_on_is_not_given_up(platform, requester, rows):
    await requester.take_in(*(("ada", b"%d" % n) for n in range(1_700)))
    await requester.ask("ada")
    await rows("UPDATE subject_requests SET attempts = 3")
    with pytest.raises(KeyboardInterrupt):
        await Dying(platform).work()
    assert (await rows("SELECT state, attempts FROM subject_requests")) == [("running", 1)]


async def test_a_tenant_whose_key_cannot_be_had_keeps_nobody_else_waiting(
    platform, requester, other, rows, monkeypatch, tmp_path
):
    await other.take_in(("ada", b"locked"))
    await other.ask("ada")
    await requester.take_in(("ada", b"page"))
    export_id = await requester.ask("ada")
    read = platform.keyring.read

    async def lost(tenant, work):
        if tenant == other.principal.tenant_id:
            raise Unavailable("lost")
        return await read(tenant, work)

    with monkeypatch.context() as patch:
        patch.setattr(platform.keyring, "read", lost)
        with pytest.raises(Unavailable):
            await requester.make()
        await rows("DELETE FROM subject_exports WHERE tenant_id = %s", other.principal.tenant_id)
        await rows("UPDATE subject_requests SET lease_until = NULL")
        await requester.make()
    assert await rows("SELECT state FROM subject_requests ORDER BY created_at") == [("failed",), ("done",)]
    assert pages(requester.open(await requester.fetch("ada", export_id), tmp_path / "ada")) == [b"page"]


async def test_a_rotation_of_the_tenants_key_does_not_matter(platform, requester, tmp_path):
    await requester.take_in(("ada", b"page"))
    export_id = await requester.ask("ada")
    await platform.rotation.rotate(requester.principal.tenant_id, "test")
    await requester.make()
    await platform.rotation.rotate(requester.principal.tenant_id, "test")
    assert pages(requester.open(await requester.fetch("ada", export_id), tmp_path / "ada")) == [b"page"]


async def test_nothing_of_it_lies_there_readable(requester, rows):
    await requester.take_in(("ada-canary", b"page"))
    await requester.ask("ada-canary")
    await requester.make()
    public = requester.key.public_key().public_bytes_raw()
    held = [
        row for table in ("subject_exports", "subject_export_parts") for row in await rows(f"SELECT * FROM {table}")
    ]
    content = [value for row in held for value in row if isinstance(value, bytes)]
    assert len(content) == 4
    assert not [value for value in content if public in value or b"ada-canary" in value or b"subjects" in value]


async def test_a_part_opens_in_its_place_only(requester, rows):
    await requester.take_in(("ada", b"page"))
    export_id = await requester.ask("ada")
    await requester.make()
    await rows("UPDATE subject_export_parts SET number = CASE number WHEN 1 THEN -2 WHEN 2 THEN 1 ELSE number END")
    await rows("UPDATE subject_export_parts SET number = 2 WHERE number = -2")
    with pytest.raises(Exception, match="changed, belongs elsewhere"):
        await requester.fetch("ada", export_id)


async def test_a_person_cannot_have_more_than_a_few(requester):
    await requester.take_in(("ada", b"page"))
    for _ in range(service.MOST_KEPT):
        await requester.ask("ada")
    with pytest.raises(Conflict, match="no more may be"):
        await requester.ask("ada")


async def test_what_a_job_has_about_nobody_in_particular_is_one_persons_at_most(requester, rows, tmp_path):
    await requester.take_in((None, b"of another"))
    job = await requester.take_in((None, b"of somebody"), ("ada", b"of ada"), (None, b"of them as well"))
    ((unnamed,),) = await rows("SELECT subject_id FROM jobs WHERE id = %s", job)
    lines = await requester.export(str(unnamed), tmp_path / "unnamed")
    assert Counter(pages(lines)) == Counter([b"of somebody", b"of them as well"])


async def test_who_is_erased_while_they_ask_is_not_there(platform, requester, rows):
    await requester.take_in(("ada", b"page"))
    found = await requester.subject("ada")
    await rows("DELETE FROM subjects")
    with pytest.raises(NotFound):
        async with platform.keyring.transaction(requester.principal.tenant_id) as (connection, keyset):
            await service.request_export(connection, requester.principal, keyset, found, requester.key.public_key())


async def test_an_export_is_its_tenants_own(requester, other):
    await requester.take_in(("ada", b"page"))
    await other.take_in(("ada", b"other page"))
    export_id = await requester.ask("ada")
    await requester.make()
    with pytest.raises(NotFound):
        await other.fetch("ada", export_id)


async def test_one_that_is_late_is_measured(platform, requester, rows):
    def overdue() -> float:
        return platform.metrics.registry.get_sample_value(catalogue.EXPORT_OVERDUE.name)

    await requester.take_in(("ada", b"page"))
    await requester.ask("ada")
    await rows(
        "UPDATE subject_requests SET lease_until = now() + interval '1 min', deadline = now() - interval '1 min'"
    )
    await requester.make()
    assert 60 <= overdue() < 600
    await rows("UPDATE subject_requests SET lease_until = NULL")
    await requester.make()
    await requester.make()
    assert overdue() == 0
