"""The gate of the synchronous path: who is to be let alone, without a query for each request."""

from datetime import UTC, datetime

import pytest

from slipway.clock import use_clock
from slipway.errors import Unavailable
from slipway.subjects import gate as module
from slipway.subjects import rights
from slipway.subjects.gate import SubjectGate
from slipway.subjects.schemas import StateChange

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def gate(platform):
    return SubjectGate(platform.database, platform.keyring)


@pytest.fixture
def change(platform, principal):
    """A function that makes a person known, and changes what applies to them."""

    async def run(name, *, caller=principal, **wanted):
        async with platform.keyring.transaction(caller.tenant_id) as (connection, keyset):
            await rights.add_subject(connection, keyset, "test", name)
            await rights.change_states(connection, keyset, "test", name, StateChange(**wanted))

    return run


@pytest.fixture
def refused(gate, platform, principal):
    """A function that returns, by position, the codes of what is refused about some persons."""

    async def run(*names, caller=principal):
        inputs = [platform.workload.Input(page=b"page", patient=name) for name in names]
        found = await gate.refusals(caller.tenant_id, inputs)
        return {position: failure.code for position, failure in found.items()}

    return run


async def test_a_person_is_refused_by_what_applies_to_them(gate, change, refused, stranger):
    await change(ANNA, objected=True)
    await change(BEN, restricted=True, objected=True)
    assert await refused(ANNA, None, "cara", BEN, ANNA) == {
        0: "processing_objected",
        3: "processing_restricted",
        4: "processing_objected",
    }
    assert await refused(ANNA, BEN, caller=stranger) == {}


async def test_every_change_is_seen_with_the_next_look(gate, change, refused):
    steps = [
        ({ANNA: {"restricted": True}}, {0: "processing_restricted"}),
        ({ANNA: {"restricted": False}, BEN: {"restricted": True}}, {1: "processing_restricted"}),
        ({BEN: {"objected": True}}, {1: "processing_restricted"}),
        ({BEN: {"restricted": False}}, {1: "processing_objected"}),
        ({ANNA: {"objected": True}}, {0: "processing_objected", 1: "processing_objected"}),
        ({ANNA: {"objected": False}, BEN: {"objected": False}}, {}),
    ]
    for changes, expected in steps:
        for name, wanted in changes.items():
            await change(name, **wanted)
        await gate.follow()
        assert await refused(ANNA, BEN) == expected


async def test_who_takes_anothers_place_is_seen_although_a_clock_was_wrong(gate, change, refused):
    with use_clock(lambda: datetime(2040, 1, 1, tzinfo=UTC)):
        await change("cara", restricted=True)
    await change(ANNA, restricted=True)
    assert await refused(ANNA, BEN) == {0: "processing_restricted"}
    await change(ANNA, restricted=False)
    await change(BEN, restricted=True)
    await gate.follow()
    assert await refused(ANNA, BEN) == {1: "processing_restricted"}


async def test_what_is_known_is_asked_for_once(platform, gate, change, refused, monkeypatch):
    await change(ANNA, objected=True)
    assert await refused(ANNA) == {0: "processing_objected"}
    asked = []
    for name in ("transaction", "system_transaction"):
        monkeypatch.setattr(platform.database, name, lambda *_, name=name: asked.append(name))
    for _ in range(20):
        assert await refused(ANNA, BEN) == {0: "processing_objected"}
    assert asked == []


async def test_nobody_is_guessed_about_when_it_has_been_unknown_for_too_long(
    platform, gate, change, refused, monkeypatch
):
    await refused(ANNA)
    await change(ANNA, objected=True)
    later = module.time.monotonic() + module.MOST_SECONDS + 1
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    assert await refused(ANNA) == {0: "processing_objected"}

    def away():
        raise Unavailable("PostgreSQL is away.")

    monkeypatch.setattr(platform.database, "system_transaction", away)
    assert await refused(ANNA) == {0: "processing_objected"}
    monkeypatch.setattr(module.time, "monotonic", lambda: later + module.MOST_SECONDS)
    with pytest.raises(Unavailable):
        await refused("somebody")
