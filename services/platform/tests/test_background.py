import asyncio

import pytest
from structlog.testing import capture_logs

from slipway.background import Background
from slipway.errors import Unavailable


async def until(condition):
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


def events(logged, task):
    """What was logged of one task: servers that tests share run theirs in this process as well."""
    return [line["event"] for line in logged if line.get("task") == task]


@pytest.mark.parametrize(
    ("error", "event"),
    [(Unavailable("The database does not answer."), "background.postponed"), (ValueError("x"), "background.failed")],
)
async def test_what_is_done_every_so_often_goes_on_after_a_failure(error, event):
    times = []

    async def work():
        times.append(1)
        if len(times) == 1:
            raise error

    with capture_logs() as logged:
        async with Background() as beside:
            beside.every(0.01, "count", work)
            await until(lambda: len(times) > 2)
    assert events(logged, "count") == [event]


async def test_what_fails_for_good_is_logged():
    async def fail():
        raise ValueError("x")

    with capture_logs() as logged:
        async with Background() as beside:
            beside.run("once", fail())
            await until(lambda: events(logged, "once"))
    assert events(logged, "once") == ["background.failed"]


async def test_all_of_it_ends_with_the_block():
    ended = []

    async def forever():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with Background() as beside:
        beside.run("one", forever())
        beside.run("two", forever())
        await asyncio.sleep(0)
    assert ended == [True, True]
