"""Finding a person, and what applies to them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from slipway.clock import use_clock
from slipway.errors import NotFound
from slipway.retention.service import Retention
from slipway.subjects import rights
from slipway.subjects.holds import Hold, hold
from slipway.subjects.schemas import StateChange

ANNA = "anna@example.com"


@pytest.fixture
def ask(platform, principal):
    """A function that calls one of the rules for a tenant."""

    async def run(rule, *arguments, caller=principal):
        async with platform.keyring.transaction(caller.tenant_id) as (connection, keyset):
            return await rule(connection, keyset, *arguments)

    return run


async def test_a_person_is_found_by_the_tenants_name_and_by_the_platforms_id(ask, stranger):
    added = await ask(rights.add_subject, "test", ANNA)
    assert added.named
    assert (added.restricted_at, added.objected_at, added.hold) == (None, None, None)
    for name in (ANNA, str(added.id), added.id.hex, str(added.id).upper()):
        assert await ask(rights.find_subject, name) == added
        with pytest.raises(NotFound, match="no such subject"):
            await ask(rights.find_subject, name, caller=stranger)
    for name in ("ben@example.com", "", str(uuid4())):
        with pytest.raises(NotFound, match="no such subject"):
            await ask(rights.find_subject, name)


async def test_a_name_that_looks_like_an_id_is_looked_up_as_both(ask):
    name = str(uuid4())
    added = await ask(rights.add_subject, "test", name)
    assert added.id != UUID(name)
    assert await ask(rights.find_subject, name) == await ask(rights.find_subject, str(added.id)) == added


async def test_who_is_known_is_not_added_again(ask, rows):
    first = await ask(rights.add_subject, "test", ANNA)
    assert await ask(rights.add_subject, "test", ANNA) == first
    assert await rows("SELECT resource FROM audit_log WHERE action = 'subject.added'") == [(f"subject/{first.id}",)]
    assert await rows("SELECT count(*) FROM subjects") == [(1,)]


async def test_states_are_dated_and_audited_when_they_change(ask, rows):
    added = await ask(rights.add_subject, "test", ANNA)
    changes = [{"restricted": True}, {"restricted": True, "objected": True}, {}, {"restricted": False}]
    seen = []
    for days, wanted in enumerate([*changes, {"objected": False}]):
        with use_clock(lambda days=days: datetime(2030, 1, 1 + days, tzinfo=UTC)):
            found = await ask(rights.change_states, "key-1", ANNA, StateChange(**wanted))
        assert found == await ask(rights.find_subject, ANNA)
        seen.append((found.restricted_at and found.restricted_at.day, found.objected_at and found.objected_at.day))
    assert seen == [(1, None), (1, 2), (1, 2), (None, 2), (None, None)]
    entries = await rows("SELECT action, actor, resource, detail FROM audit_log WHERE actor = 'key-1' ORDER BY id")
    assert [action for action, *_ in entries] == [
        "subject.restricted",
        "subject.objected",
        "subject.restriction_lifted",
        "subject.objection_withdrawn",
    ]
    assert {tuple(map(str, rest)) for _, *rest in entries} == {("key-1", f"subject/{added.id}", "{}")}


async def test_a_legal_hold_is_shown_while_it_is_in_force(platform, principal, ask):
    subject = (await ask(rights.add_subject, "test", ANNA)).id
    until = datetime.now(UTC) + timedelta(days=1)
    async with platform.database.transaction(principal.tenant_id) as connection:
        await hold(connection, principal.tenant_id, Hold(subject, until, "case 7"), "test")

    shown = (await ask(rights.find_subject, ANNA)).hold
    assert (shown.until, shown.reason) == (until, "case 7")
    with use_clock(lambda: until):
        assert (await ask(rights.find_subject, ANNA)).hold is None


async def test_who_is_restricted_or_has_objected_is_not_forgotten(platform, ask):
    for name, wanted in (("a", {}), ("b", {"restricted": True}), ("c", {"objected": True})):
        await ask(rights.add_subject, "test", name)
        await ask(rights.change_states, "test", name, StateChange(**wanted))
    later = datetime.now(UTC) + timedelta(days=400)
    with use_clock(lambda: later):
        await Retention(platform.database, platform.settings).run()

    with pytest.raises(NotFound):
        await ask(rights.find_subject, "a")
    assert (await ask(rights.find_subject, "b")).restricted_at
    assert (await ask(rights.find_subject, "c")).objected_at
