"""`docs/breach.md` says who is affected: its queries are asked of a theft."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from psycopg.rows import dict_row

from slipway import clock
from slipway.audit.buffer import AuditBuffer
from slipway.composition import Platform
from slipway.exports import service as exports
from slipway.exports.exporter import Exporter
from slipway.jobs import service as jobs
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.subjects.service import find_subject
from slipway.tenants.schemas import Principal

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "breach.md").read_text()
QUERIES = {
    title: re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(r"^### (.+?)\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
}
DONE = "What has an API key done?"
READ = "Whose answers has it read?"
EXPORTED = "Of whom has it had everything exported?"
CHANGED = "What has it changed?"
GONE = "Which jobs were read that are gone by now?"
COPIED = "How many are in a copy of the database?"
GONE_SINCE = "Who is in the copy, and gone by now?"
DEAD = "Is a copy of the database dead?"
HOUR = timedelta(hours=1)

Ask = Callable[..., Awaitable[list[dict[str, Any]]]]


def known(**others):
    """Return what the page sets, as of now."""
    now = clock.now()
    return {"key": "thief", "since": str(now - HOUR), "until": str(now + HOUR)} | others


def runnable(query):
    """Return a query for the driver: psql puts the variables in by itself."""
    return re.sub(r":'(\w+)'", r"%(\1)s", query)


@pytest.fixture
def ask(superuser) -> Ask:
    """Ask a query of the page as the superuser."""

    async def ask(title, number=0, **others):
        async with superuser.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(runnable(QUERIES[title][number]), known(**others))
            return await cursor.fetchall()

    return ask


class Theft:
    """Jobs of two tenants, and a key of the first in wrong hands."""

    def __init__(self, platform: Platform, owner: Principal, other: Principal) -> None:
        self.platform, self.owner, self.other = platform, owner, other
        self.thief = replace(owner, key_id="thief")

    async def job(self, caller: Principal, *patients: str | None) -> UUID:
        """Have a job done that is about these people."""
        order = Order(self.platform.workload.name, 5, self.platform.settings.chunk_inputs, 10**6, None, None)
        intake = Intake(self.platform.database, self.platform.keyring, caller, order)
        for patient in patients:
            await intake.add(self.platform.workload.Input(page=b"x", patient=patient))
        await intake.close(b"")
        while await Consumer(self.platform).turn():
            pass
        return intake.job_id

    async def read(self, job: UUID) -> None:
        """Read its results with the stolen key."""
        async with self.platform.database.transaction(self.owner.tenant_id) as connection:
            await jobs.read_results(connection, self.thief, job, 0, 500)

    async def delete(self, job: UUID) -> None:
        """Delete it with the stolen key."""
        async with self.platform.database.transaction(self.owner.tenant_id) as connection:
            await jobs.delete_job(connection, self.thief, job)

    async def export(self, caller: Principal, name: str) -> UUID:
        """Have everything about a person exported, as this caller."""
        subject = await self.subject(caller, name)
        async with self.platform.keyring.transaction(caller.tenant_id) as (connection, keyset):
            recipient = X25519PrivateKey.generate().public_key()
            made = await exports.request_export(connection, caller, keyset, subject, recipient)
        await Exporter(self.platform).work()
        return made

    async def fetch(self, caller: Principal, name: str, export: UUID) -> None:
        """Begin to fetch a package."""
        subject = await self.subject(caller, name)
        async with self.platform.database.transaction(caller.tenant_id) as connection:
            await exports.fetch_export(connection, caller, subject, export, HOUR)

    async def subject(self, caller: Principal, name: str) -> UUID:
        """Return the id of a person."""
        keyset = await self.platform.keyring.keyset(caller.tenant_id)
        async with self.platform.database.transaction(caller.tenant_id) as connection:
            return await find_subject(connection, keyset, name)


@pytest.fixture
async def theft(platform, principal, stranger) -> Theft:
    return Theft(platform, principal, stranger)


def test_each_question_of_the_page_is_asked_here():
    assert {title for title, queries in QUERIES.items() if queries} == {
        *(DONE, READ, EXPORTED, CHANGED, GONE, COPIED, GONE_SINCE, DEAD)
    }
    assert set(re.findall(r":'(\w+)'", PAGE)) == set(re.findall(r"^    \\set (\w+) ", PAGE, re.MULTILINE))


async def test_whoever_the_stolen_key_has_read_of_is_found_and_nobody_else(theft, ask):
    job = await theft.job(theft.owner, "ann", "bob", "ann", None)
    await theft.job(theft.owner, "carl")
    await theft.job(theft.other, "ann", "dora")
    await theft.read(job)

    found = await ask(READ)

    assert {(row["subject_id"], row["answers"]) for row in found if row["named"]} == {
        (await theft.subject(theft.owner, "ann"), 2),
        (await theft.subject(theft.owner, "bob"), 1),
    }
    assert [(row["tenant_id"], row["answers"]) for row in found if not row["named"]] == [(theft.owner.tenant_id, 1)]
    assert await ask(READ, key="test") == []
    assert await ask(READ, until=str(clock.now() - HOUR)) == []


async def test_whoever_the_stolen_key_had_exported_is_found_and_whether_somebody_has_it(theft, ask):
    await theft.job(theft.owner, "ann", "bob", "carl")
    fetched, waiting = [await theft.export(theft.thief, name) for name in ("ann", "bob")]
    theirs = await theft.export(theft.owner, "carl")
    accomplice = replace(theft.owner, key_id="accomplice")
    await theft.fetch(accomplice, "ann", fetched)
    await theft.fetch(theft.thief, "carl", theirs)  # encrypted to somebody else

    found = {UUID(row["subject"]): row for row in await ask(EXPORTED)}

    ann, bob = [await theft.subject(theft.owner, name) for name in ("ann", "bob")]
    assert {subject: row["export"] for subject, row in found.items()} == {ann: str(fetched), bob: str(waiting)}
    assert (found[ann]["fetched_at"] is None, found[bob]["fetched_at"] is None) == (False, True)
    assert [row["action"] for row in await ask(CHANGED)] == ["export.requested"] * 2


async def test_what_the_stolen_key_did_and_changed_is_told(theft, ask):
    kept, deleted = await theft.job(theft.owner, "ann"), await theft.job(theft.owner, "bob", "carl")
    await theft.read(kept)
    await theft.delete(deleted)
    buffer = AuditBuffer(theft.platform.database, theft.platform.workload.name)
    buffer.predicted(theft.thief, 7)
    await buffer.flush()

    assert {(row["action"], row["entries"], row["inputs"]) for row in await ask(DONE)} == {
        ("results.read", 1, None),
        ("job.deleted", 1, None),
        ("predicted", 1, 7),
    }
    (change,) = await ask(CHANGED)
    assert (change["action"], change["resource"]) == ("job.deleted", f"job/{deleted}")


async def test_a_job_that_was_read_and_is_gone_is_told_with_its_size(theft, ask):
    job = await theft.job(theft.owner, "ann", "bob", None)
    await theft.read(job)
    assert await ask(GONE) == []

    await theft.delete(job)

    (gone,) = await ask(GONE)
    assert (gone["tenant_id"], gone["job"], gone["inputs"]) == (theft.owner.tenant_id, str(job), 3)
    assert await ask(READ) == []


async def test_people_and_records_in_a_copy_are_counted_by_tenant(theft, ask):
    await theft.job(theft.owner, "ann", "bob", "ann", None)
    await theft.job(theft.other, "dora")
    moment = str(clock.now())
    await theft.job(theft.other, "later")

    found = {row["tenant"]: row for row in await ask(COPIED, until=moment)}

    counts = ("people", "jobs_about_unnamed", "inputs", "answers")
    assert tuple(found[theft.owner.tenant_id][count] for count in counts) == (2, 1, 4, 4)
    assert tuple(found[theft.other.tenant_id][count] for count in counts) == (1, 0, 1, 1)


async def test_who_is_gone_since_the_copy_is_told(theft, ask, rows):
    await theft.job(theft.owner, "ann")
    erased, tenant, moment = uuid4(), theft.owner.tenant_id, str(clock.now())
    before = "INSERT INTO tombstones (tenant_id, subject_id, begun_at, erased_at) VALUES (%s, %s, %s, %s)"
    await rows(before, tenant, uuid4(), clock.now() - HOUR, clock.now() - HOUR)
    await rows(before, tenant, erased, clock.now(), clock.now())
    await theft.delete(await theft.job(theft.owner, "bob"))

    assert [row["subject_id"] for row in await ask(GONE_SINCE, until=moment)] == [erased]
    assert [row["action"] for row in await ask(GONE_SINCE, 1, until=moment)] == ["job.deleted"]


async def test_a_copy_is_dead_when_every_version_of_the_key_that_opens_it_is_destroyed(theft, ask, rows):
    moment, tenant = str(clock.now()), theft.owner.tenant_id
    alive = {row["name"]: row["alive"] for row in await ask(DEAD, until=moment)}
    assert alive == {f"tenant-{tenant}": True, f"tenant-{theft.other.tenant_id}": True}

    await rows("UPDATE tenant_keys SET retired_at = now(), destroyed_at = now() WHERE tenant_id = %s", tenant)

    found = {row["name"]: row["alive"] for row in await ask(DEAD, until=moment)}
    assert found == {f"tenant-{tenant}": False, f"tenant-{theft.other.tenant_id}": True}
    assert len(await ask(DEAD, until=str(clock.now() + HOUR))) == 1


async def test_the_apps_role_gets_a_tenants_share_of_the_same_answers(theft, ask):
    await theft.read(await theft.job(theft.owner, "ann", "bob"))
    await theft.delete(await theft.job(theft.owner, "carl"))
    await theft.job(theft.other, "dora")
    await theft.export(theft.thief, "ann")
    everything = [(title, number) for title, queries in QUERIES.items() for number in range(len(queries))]

    answered = 0
    for title, number in everything:
        whole = await ask(title, number)
        of_tenant = [row for row in whole if theft.owner.tenant_id in row.values() or _named(row, theft.owner)]
        assert of_tenant == _as_app(theft, QUERIES[title][number])
        answered += len(of_tenant)
    assert answered > 5


def _named(row, caller):
    return row.get("name") == f"tenant-{caller.tenant_id}"


def _as_app(theft, query):
    url = theft.platform.settings.database_app_url.get_secret_value()
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SELECT set_config('slipway.tenant', %s, false)", [str(theft.owner.tenant_id)])
        return connection.execute(runnable(query), known()).fetchall()


def test_its_commands_exist():
    reference = (ROOT / "docs" / "commands.md").read_text()
    named = set(re.findall(r"slipway ((?:audit|keys|privacy|tenants) [a-z-]+)", PAGE))
    assert len(named) >= 5
    assert not [command for command in named if f"\n## slipway {command}\n" not in reference]


def test_its_links_lead_somewhere():
    for file, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", PAGE):
        target = ROOT / "docs" / file if file else ROOT / "docs" / "breach.md"
        assert target.is_file(), file
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, f"{file}#{anchor}"
