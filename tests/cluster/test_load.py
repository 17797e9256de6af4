"""What a load knows of its requests."""

import asyncio
import json
import ssl
from types import SimpleNamespace

import httpx
import pytest
from e2e.failure import UnmetError
from loadtests.samples.outcome import Outcome

from cluster.load import Call, Calls, demand_sent, load


class Stage:
    """Clients of an API that answers whatever it is asked, and keeps how many messages there were."""

    options = SimpleNamespace(rate=50.0)

    def __init__(self):
        self.sizes = []

    def async_client(self, seconds, limits):
        return httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        self.sizes.append(len(json.loads(request.content)["inputs"]))
        return httpx.Response(200)


class Broken(Stage):
    """Clients that know of no certificate."""

    def async_client(self, seconds, limits):
        raise ssl.SSLError("no such authority")


async def wait_for(holds):
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within 30 s")


def test_a_load_that_breaks_is_told_at_once():
    with pytest.raises(UnmetError, match="no such authority"), load(Broken()):
        raise AssertionError("It began.")


def test_a_load_that_breaks_later_is_told_at_its_end(monkeypatch):
    def break_it():
        with load(Stage()) as calls:
            monkeypatch.setattr("cluster.load.message", lambda _: 1 / 0)
            asyncio.run(wait_for(lambda: calls.error))

    with pytest.raises(UnmetError, match="not sent to its end: ZeroDivisionError"):
        break_it()


@pytest.mark.parametrize("batches", [False, True])
def test_some_requests_have_many_messages_when_that_is_asked_for(batches):
    stage = Stage()
    with load(stage, batches=batches):
        asyncio.run(wait_for(lambda: len(stage.sizes) > 20))

    many = [size for size in stage.sizes if size > 1]
    assert all(16 <= size <= 32 for size in many)
    assert bool(many) == batches
    assert stage.sizes.count(1) > len(many)


def test_a_load_that_stood_still_shows_nothing():
    demand_sent(91, 100.0)
    with pytest.raises(UnmetError, match="Only 89 of 100"):
        demand_sent(89, 100.0)


def test_what_was_due_when_something_went_wrong_counts_not_when_it_was_told():
    calls = Calls([Call(90.0, 1.0, Outcome.ERROR), Call(103.0, 30.0, Outcome.ERROR), Call(110.0, 0.1, Outcome.OK)])

    assert calls.last_bad_due(100.0) == 3.0
    assert calls.last_bad_due(105.0) == 0.0


def test_it_is_quiet_after_the_last_answer_that_was_no_good():
    calls = Calls(
        [
            Call(90.0, 1.0, Outcome.ERROR, "before it"),
            Call(100.0, 0.1, Outcome.OK),
            Call(101.0, 2.5, Outcome.ERROR, "no answer"),
            Call(102.0, 0.2, Outcome.REFUSED, "503"),
            Call(110.0, 0.1, Outcome.OK),
        ]
    )

    assert calls.quiet_after(100.0) == 3.5
    assert calls.quiet_after(105.0) == 0.0


def test_errors_are_counted_by_their_kind():
    errors = [Call(0.0, 1.0, Outcome.ERROR, detail) for detail in ("HTTP 502", "no answer", "HTTP 502")]

    assert Calls(errors).kinds() == ["2 times HTTP 502", "1 times no answer"]
