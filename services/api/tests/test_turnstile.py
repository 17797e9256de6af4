"""Few requests begin in one round of the event loop, whatever comes at once."""

import asyncio
from collections import Counter
from contextlib import suppress

from slipway_api.turnstile import _AT_ONCE, Turnstile

HTTP = {"type": "http"}


class Rounds:
    """An application that notes in which round of the event loop each request began."""

    def __init__(self):
        self.number = 0
        self.begun = []

    async def __call__(self, scope, receive, send):
        self.begun.append((scope["name"], self.number))

    async def count(self):
        while True:
            self.number += 1
            await asyncio.sleep(0)


async def come(names, *, gone=()):
    rounds = Rounds()
    counting = asyncio.create_task(rounds.count())
    turnstile = Turnstile(rounds)
    tasks = {name: asyncio.create_task(turnstile({**HTTP, "name": name}, None, None)) for name in names}
    await asyncio.sleep(0)
    for name in gone:
        tasks[name].cancel()
    for task in tasks.values():
        with suppress(asyncio.CancelledError):
            await task
    counting.cancel()
    return rounds.begun


async def test_a_crowd_begins_little_by_little_in_the_order_it_came():
    begun = await come(range(25))

    assert [name for name, _ in begun] == list(range(25))
    assert max(Counter(number for _, number in begun).values()) <= _AT_ONCE


async def test_who_went_away_takes_nobodys_turn():
    gone = range(2 * _AT_ONCE, 3 * _AT_ONCE)

    begun = await come(range(4 * _AT_ONCE), gone=gone)

    assert [name for name, _ in begun] == [*range(2 * _AT_ONCE), *range(3 * _AT_ONCE, 4 * _AT_ONCE)]


async def test_one_request_waits_for_nothing():
    rounds = Rounds()

    await Turnstile(rounds)({**HTTP, "name": "alone"}, None, None)

    assert rounds.begun == [("alone", 0)]


async def test_what_is_no_request_passes():
    passed = []

    async def app(scope, receive, send):
        passed.append(scope["type"])

    await Turnstile(app)({"type": "lifespan"}, None, None)

    assert passed == ["lifespan"]
