"""Places count for as long as it is not the client's fault."""

import asyncio

from slipway.serving import places as module
from slipway.serving.places import Places


async def test_a_place_counts_until_it_is_released():
    places = Places()
    first, second = places.take(), places.take()
    assert places.inputs == 2

    first.release()
    first.release()
    assert places.inputs == 1
    with second:
        assert places.inputs == 1
    assert places.inputs == 0


async def test_a_client_that_takes_its_time_no_longer_counts(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)
    places = Places()
    untouched = places.take()
    with places.take():
        assert places.inputs == 2
        await asyncio.sleep(0.2)
        assert places.inputs == 1, "of the two, the one whose body is being read"
    untouched.release()
    assert places.inputs == 0


async def test_its_age_is_that_of_the_one_on_its_way_for_longest():
    places = Places()
    assert places.age == 0
    first = places.take()
    await asyncio.sleep(0.1)
    places.take()
    assert 0.1 <= places.age < 1

    first.release()
    assert places.age < 0.1
