"""Random tampering with the audit log is found, whoever does it; the program of `privacy.tampering` at full size."""

from random import Random

import psycopg
import pytest
from privacy import tampering, tricks
from privacy.filling import fill
from privacy.tampering import Stage, tamper
from psycopg import AsyncConnection

from slipway.database.engine import driver_url


@pytest.fixture
async def superuser(postgres, settings):
    """A connection that may do anything, each statement by itself."""
    url = f"{postgres.admin_url.rpartition('/')[0]}/{driver_url(settings.database_app_url).database}"
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def filled(settings):
    """The settings of an installation whose log is sealed and covered."""
    await fill(settings, Random(8), tenants=3, seals=5)
    return settings


async def test_random_tampering_is_found(filled, superuser):
    done = await tamper(filled, superuser, 60, 11, lambda: None)
    assert done.missed == []
    assert done.found == done.count == 60
    assert len(done.kinds) > 10


@pytest.mark.parametrize("kind", sorted(tricks.KINDS))
async def test_each_kind_of_it_changes_something_and_is_found_and_undone(filled, superuser, kind, monkeypatch):
    monkeypatch.setattr(tricks, "KINDS", {kind: tricks.KINDS[kind]})
    done = await tamper(filled, superuser, 4, 3, lambda: None)
    assert (done.missed, done.found) == ([], 4)
    stage = Stage(filled, superuser)
    assert (await stage.check()).holds
    await stage.close()


async def test_the_count_tells_what_is_not_found(filled, superuser, monkeypatch):
    """Where the check is blind, the program says so: it can fail."""

    async def rename_a_tenant(stage, random):
        await stage.superuser.execute("UPDATE audit_log SET actor = actor || 'x' WHERE id = 1")
        return "entry 1"

    async def blind(self):
        return before

    stage = Stage(filled, superuser)
    before = await stage.check()
    await stage.close()
    monkeypatch.setattr(tricks, "KINDS", {"rename": rename_a_tenant})
    monkeypatch.setattr(tampering.Stage, "check", blind)
    done = await tamper(filled, superuser, 2, 1, lambda: None)
    assert (done.count, done.found, done.missed) == (2, 0, ["rename: entry 1"] * 2)


async def test_a_log_that_does_not_hold_is_no_stage_for_it(filled, superuser):
    await superuser.execute("DELETE FROM audit_log WHERE id = (SELECT min(id) FROM audit_log)")
    with pytest.raises(ValueError, match="there is no log that holds"):
        await tamper(filled, superuser, 1, 1, lambda: None)
    assert superuser.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
