"""`slipway retention`."""

import asyncio
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from privacy.lateness import plant
from typer.testing import CliRunner

from slipway.database import Database
from slipway.database.engine import driver_url
from slipway.keys.providers import open_provider
from slipway.keys.service import Keyring
from slipway.subjects.service import named_subjects
from slipway_cli.main import app
from slipway_cli.retention import app as registered
from slipway_cli.tenants import create_tenant

JOBS = 30
ROOT = Path(__file__).parents[2]
HELD = "SELECT id, tenant_id::text FROM subjects WHERE hold_until IS NOT NULL ORDER BY id LIMIT 1"
FREE = """
    SELECT s.id, s.tenant_id::text FROM subjects s JOIN job_items i ON i.subject_id = s.id
    JOIN jobs j ON j.id = i.job_id
    WHERE s.hold_until IS NULL AND s.pseudonym IS NOT NULL AND j.created_at < now() - interval '40 days'
    ORDER BY s.id LIMIT 1
"""


@pytest.fixture
def superuser(settings, postgres):
    """A superuser's connection to the test's database, with rows of every age in it."""
    url = f"{postgres.admin_url.rpartition('/')[0]}/{driver_url(settings.database_app_url).database}"

    async def fill():
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await plant(connection, 8, jobs=JOBS)

    asyncio.run(fill())
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def retention(settings, monkeypatch, superuser, tmp_path):
    """Run the command against the test's database."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    for role in ("app", "system"):
        url = getattr(settings, f"database_{role}_url").get_secret_value()
        monkeypatch.setenv(f"SLIPWAY_DATABASE_{role.upper()}_URL", url)

    monkeypatch.setenv("SLIPWAY_MASTER_KEY_FILE", str(settings.master_key_file))

    def run(*arguments: str, fails: bool = False, types: str | None = None) -> str:
        found = CliRunner().invoke(app, ["retention", *arguments], input=types)
        assert bool(found.exit_code) == fails, found.output
        return found.output

    return run


def by_store(output: str) -> dict[str, dict]:
    return {store["store"]: store for store in json.loads(output)["stores"]}


def test_a_dry_run_counts_and_a_run_deletes(retention, superuser):
    everything = "SELECT (SELECT count(*) FROM job_items), (SELECT count(*) FROM webhook_events)"
    before = superuser.execute(everything).fetchone()
    told = by_store(retention("--dry-run", "--json"))
    assert superuser.execute(everything).fetchone() == before
    assert told["jobs"]["due"] > 100
    assert told["jobs"]["held"] > 0
    assert told["jobs"]["limit_seconds"] == 30 * 86_400

    done = by_store(retention("--json"))

    assert superuser.execute(everything).fetchone() < before
    assert {store: told[store]["due"] for store in told if store != "subjects"} == {
        store: done[store]["deleted"] for store in done if store != "subjects"
    }
    assert all(store["due"] == 0 and store["oldest"] is None for store in done.values())


def test_the_table_says_how_long_and_how_many(retention):
    lines = retention("--dry-run").splitlines()
    assert lines[0].split()[:4] == ["Store", "Kept", "for", "Due"]
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["jobs", "30", "d"],
        ["exports", "7", "d"],
        ["subjects", "1", "d"],
    ]


def test_another_period_can_be_tried_dry(retention, monkeypatch):
    now = by_store(retention("--dry-run", "--json"))["jobs"]["due"]
    monkeypatch.setenv("SLIPWAY_JOB_RETENTION_DAYS", "3")
    assert by_store(retention("--dry-run", "--json"))["jobs"]["due"] > now


def test_a_hold_is_kept_until_it_is_released(retention, superuser):
    subject, tenant = superuser.execute(FREE).fetchone()
    of_them = ("SELECT count(*) FROM job_items WHERE subject_id = %s", [subject])
    retention("hold", "--tenant", tenant, str(subject), "--days", "9", "--reason", "case-7")
    listed = retention("holds", "--tenant", tenant)
    assert str(subject) in listed
    assert "case-7" in listed

    retention()
    kept = superuser.execute(*of_them).fetchone()[0]
    assert kept > 0
    assert f"Released {subject}." in retention("release", "--tenant", tenant, str(subject))
    retention()
    assert superuser.execute(*of_them).fetchone()[0] < kept

    told = "SELECT action FROM audit_log WHERE resource = %s AND actor = 'cli' ORDER BY id"
    found = superuser.execute(told, [f"subject/{subject}"]).fetchall()
    assert found == [("subject.held",), ("subject.released",)]


def test_a_subject_of_another_tenant_cannot_be_held(retention, superuser):
    subject, tenant = superuser.execute(HELD).fetchone()
    other = superuser.execute("SELECT name FROM tenants WHERE id::text <> %s", [tenant]).fetchone()[0]
    for asked in (str(subject), str(uuid4())):
        output = retention("hold", "--tenant", other, asked, "--days", "9", "--reason", "x", fails=True)
        assert "no such subject" in output
        assert "no such subject" in retention("release", "--tenant", other, asked, fails=True)


def test_a_person_is_held_and_released_by_their_name(retention, settings, superuser):
    tenant = asyncio.run(create_tenant(settings, "acme"))
    subject = asyncio.run(store(settings, tenant, "Ada Lovelace"))
    hold = ("hold", "--tenant", "acme", "--days", "9", "--reason", "case-7")
    held = "SELECT id FROM subjects WHERE tenant_id = %s AND hold_until > now()"

    assert f"Held {subject} until" in retention(*hold, types="Ada Lovelace\n")
    assert superuser.execute(held, [tenant]).fetchall() == [(subject,)]
    assert f"Released {subject}." in retention("release", "--tenant", "acme", types="Ada Lovelace\n")
    assert superuser.execute(held, [tenant]).fetchall() == []
    assert "nothing is stored about anybody of that name" in retention(*hold, types="ada\n", fails=True)


async def store(settings, tenant, name) -> UUID:
    database = Database(settings)
    keyset = await Keyring(database, open_provider(settings), settings).keyset(tenant)
    async with database.transaction(tenant) as connection:
        found = await named_subjects(connection, keyset, [name])
    await database.close()
    return found[name].id


def test_a_name_cannot_be_looked_for_without_the_key(retention, settings, monkeypatch, tmp_path):
    asyncio.run(create_tenant(settings, "acme"))
    monkeypatch.setenv("SLIPWAY_MASTER_KEY_FILE", str(tmp_path / "none"))
    assert "Names are found by the tenant's key only" in retention(
        "release", "--tenant", "acme", types="Ada\n", fails=True
    )


def test_on_a_wrong_clock_nothing_is_deleted(retention, superuser, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=40)

    monkeypatch.setattr("slipway.clock.datetime", Ahead)
    before = superuser.execute("SELECT count(*) FROM job_items").fetchone()
    assert "Set both right" in " ".join(retention(fails=True).split())
    assert superuser.execute("SELECT count(*) FROM job_items").fetchone() == before


def test_every_command_that_the_pages_name_is_there():
    named = [
        (page.name, command)
        for page in (ROOT / "docs").rglob("*.md")
        for command in re.findall(r"slipway retention ([^\n`#]*)", page.read_text("utf-8"))
    ]
    known = {command.name for command in registered.registered_commands}
    assert len(named) > 5
    for page, command in named:
        first = next(iter(command.split()), "--help")
        assert first in known or first in ("--dry-run", "--json", "--help") or not first.isalpha(), (page, command)
