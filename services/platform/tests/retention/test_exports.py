"""Exports go at their age, and nobody whose export may still be fetched goes before it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from slipway.exports import service
from slipway.exports.exporter import Exporter

HOUR = 1 / 24
TABLES = ("subject_exports", "subject_export_parts")


class Interrupted(Exporter):
    """Is killed behind the first part."""

    async def _finish(self, claimed, step):
        raise KeyboardInterrupt


@pytest.fixture
def export(archive, platform, principal):
    """A function that has the export of somebody made."""

    async def ask(subject, *, made=True):
        async with platform.keyring.transaction(principal.tenant_id) as (connection, keyset):
            key = X25519PrivateKey.generate().public_key()
            await service.request_export(connection, principal, keyset, subject, key)
        if made:
            await Exporter(platform).work()

    return ask


async def test_an_export_is_kept_to_its_limit_and_no_longer(archive, export):
    job = await archive.take_in("ada")
    await export(await archive.subject_of(job, 0))
    before = await archive.count(*TABLES)
    assert before == {"subject_exports": 1, "subject_export_parts": 3}

    assert (await archive.run(7 - HOUR))["exports"].deleted == 0
    assert await archive.count(*TABLES) == before
    looked = (await archive.look(7 + HOUR))["exports"]
    done = (await archive.run(7 + HOUR))["exports"]

    assert await archive.count(*TABLES) == {"subject_exports": 0, "subject_export_parts": 0}
    assert (looked.due, done.deleted, done.due) == (4, 4, 0)


async def test_it_goes_in_batches(archive, export):
    job = await archive.take_in("ada")
    for _ in range(3):
        await export(await archive.subject_of(job, 0))
    assert (await archive.run(8, at_once=4))["exports"].deleted == 12
    assert await archive.count(*TABLES) == {"subject_exports": 0, "subject_export_parts": 0}


async def test_a_hold_keeps_what_it_was_made_of_and_not_the_copy(archive, export):
    job = await archive.take_in("ada")
    subject = await archive.subject_of(job, 0)
    await export(subject)
    await archive.hold(subject, days=400)
    await archive.run(40)
    assert await archive.count("subject_exports", "job_items") == {"subject_exports": 0, "job_items": 1}
    assert await archive.subject_of(job, 0) == subject


async def test_who_has_nothing_left_but_an_export_is_kept_as_long_as_it(archive, export, rows):
    job = await archive.take_in("ada")
    subject = await archive.subject_of(job, 0)
    await export(subject)
    await rows("DELETE FROM job_items")
    assert (await archive.run(5))["subjects"].deleted == 0
    assert await rows("SELECT id FROM subjects WHERE pseudonym IS NOT NULL") == [(subject,)]
    assert (await archive.run(8))["subjects"].deleted == 1
    assert await rows("SELECT id FROM subjects WHERE pseudonym IS NOT NULL") == []
    assert await archive.count(*TABLES) == {"subject_exports": 0, "subject_export_parts": 0}


async def test_one_that_cannot_be_made_goes_at_its_age_with_what_there_is_of_it(archive, export, platform, rows):
    job = await archive.take_in(*["ada"] * 501)
    await export(await archive.subject_of(job, 0), made=False)
    with pytest.raises(KeyboardInterrupt):
        await Interrupted(platform).work()
    assert await archive.count(*TABLES) == {"subject_exports": 1, "subject_export_parts": 1}

    assert (await archive.run(7 - HOUR))["exports"].deleted == 0
    looked = (await archive.look(7 + HOUR))["exports"]
    done = (await archive.run(7 + HOUR))["exports"]

    assert (looked.due, done.deleted, done.due) == (2, 2, 0)
    assert await archive.count(*TABLES) == {"subject_exports": 0, "subject_export_parts": 0}
    await rows("UPDATE subject_requests SET lease_until = now() - interval '1 second'")
    await Exporter(platform).work()
    assert await rows("SELECT state FROM subject_requests") == [("failed",)]


@pytest.mark.parametrize("restricted", [False, True])
async def test_who_is_not_named_in_a_job_is_kept_as_long_as_their_export(archive, export, rows, restricted):
    """And no longer: nobody can restrict what is not there any more."""
    job = await archive.take_in(None)
    await archive.work()
    await export(await archive.subject_of(job, 0))
    await rows("UPDATE jobs SET created_at = now() - interval '31 days', finished_at = now() - interval '31 days'")
    if restricted:
        await rows("UPDATE subjects SET restricted_at = now()")

    await archive.run(2)
    assert await archive.count("jobs", "job_items") == {"jobs": 0, "job_items": 0}
    assert await archive.count(*TABLES) == {"subject_exports": 1, "subject_export_parts": 3}
    done = await archive.run(8)
    assert not any((await archive.count("subjects", "subject_keys", *TABLES)).values())
    assert (done["subjects"].deleted, done["subjects"].due) == (1, 0)
