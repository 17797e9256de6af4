"""How many requests are under way, as the autoscaler sees it."""

import asyncio
import threading
from fractions import Fraction
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_api.in_flight import WINDOW_SECONDS, InFlight

SECOND = 1_000_000_000
STEP = SECOND // 10
WINDOW = int(WINDOW_SECONDS) * SECOND
PAGE = {"inputs": [{"page": "YSBwYWdl"}]}

pauses = st.integers(0, 3 * SECOND) | st.integers(0, 1_000) | st.sampled_from([0, STEP, SECOND, WINDOW, 7 * WINDOW])
histories = st.lists(st.tuples(pauses, st.integers(-3, 5)), max_size=80)


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Record:
    """Remembers all that happened, and adds it up."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, int]] = []

    def mean(self, now: int) -> Fraction:
        begin = (now - WINDOW + STEP - 1) // STEP * STEP  # the first step that begins in the window
        times = [begin, *(at for at, _ in self.changes if begin < at < now), now]
        area = sum(self._number(start) * (end - start) for start, end in pairwise(times))
        return Fraction(area, now - begin)

    def _number(self, at: int) -> int:
        return sum(by for when, by in self.changes if when <= at)


@given(st.integers(0, 1 << 50), histories, st.integers(0, 25 * SECOND))
def test_the_mean_is_that_of_all_that_happened(origin, history, last):
    clock, record = Clock(origin), Record()
    in_flight = InFlight(clock)
    for pause, by in history:
        clock.now += pause
        in_flight.change(by)
        record.changes.append((clock.now, by))
    clock.now += last

    assert in_flight.mean() == pytest.approx(float(record.mean(clock.now)), rel=1e-12, abs=1e-12)


@given(st.integers(0, 50), st.integers(0, 30 * SECOND))
def test_what_lasts_longer_than_the_window_counts_in_full(number, longer):
    clock = Clock()
    in_flight = InFlight(clock)
    in_flight.change(number)
    clock.now += WINDOW + longer
    assert in_flight.mean() == number


@given(histories, st.integers(0, 30 * SECOND))
def test_ten_seconds_after_the_last_request_there_is_none(history, longer):
    clock = Clock()
    in_flight = InFlight(clock)
    for pause, by in history:
        clock.now += pause
        in_flight.change(by)
    in_flight.change(-sum(by for _, by in history))
    clock.now += WINDOW + longer
    assert in_flight.mean() == 0


def test_a_new_process_has_none():
    assert InFlight().mean() == 0


def test_it_may_be_read_while_it_changes():
    in_flight, over = InFlight(), threading.Event()

    def change() -> None:
        while not over.is_set():
            in_flight.change(3)
            in_flight.change(-3)

    changing = threading.Thread(target=change)
    changing.start()
    means = [in_flight.mean() for _ in range(20_000)]
    over.set()
    changing.join()
    assert all(0 <= mean <= 3 for mean in means)
    assert means[-1] > 0


@pytest.fixture
def watched(start, monkeypatch):
    """A function that starts an API; returns it, what its metrics say at the moment, and all that there has been."""

    async def run(**changes):
        seen: list[int] = []

        class Now(InFlight):
            def change(self, by: int) -> None:
                super().change(by)
                seen.append(self._last[2])

            def mean(self) -> float:
                return float(self._last[2])

        monkeypatch.setattr("slipway_api.app.InFlight", Now)
        server = await start(**changes)
        seen.clear()  # of its rehearsal
        value = server.platform.metrics.registry.get_sample_value
        return server, lambda: value("slipway_http_requests_in_flight"), seen

    return run


async def becomes(read, value, seconds=20.0):
    async with asyncio.timeout(seconds):
        while read() != value:
            await asyncio.sleep(0.01)


async def test_predictions_count_until_their_clients_have_gone(watched, new_caller):
    server, read, _ = await watched(workload="checksum:Patient")
    caller = await new_caller(server)
    assert read() == 0

    body = {"inputs": [{"page": "aGFuZw=="}]}
    asking = [asyncio.create_task(caller.http.post("/v1/checksum", json=body)) for _ in range(3)]
    await becomes(read, 3)
    for task in asking:
        task.cancel()

    await becomes(read, 0)


async def test_a_slow_upload_does_not_count_while_it_waits_for_its_client(watched, new_caller):
    server, read, seen = await watched()
    caller = await new_caller(server)
    on = asyncio.Event()

    async def slowly():
        yield b'{"page": "YQ=="}\n'
        await on.wait()
        yield b'{"page": "Yg=="}\n'

    headers = {"Content-Type": "application/x-ndjson"}
    uploading = asyncio.create_task(caller.http.post("/v1/jobs", content=slowly(), headers=headers))
    await becomes(lambda: read() if 1 in seen else None, 0)
    assert not uploading.done()
    on.set()

    assert (await uploading).status_code == 202
    await becomes(read, 0)


async def test_an_event_stream_does_not_count(watched, new_caller):
    server, read, seen = await watched()
    caller = await new_caller(server)
    job = (await caller.http.post("/v1/jobs", json=PAGE)).json()["id"]
    seen.clear()
    async with caller.http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        assert answer.status_code == 200
        await anext(answer.aiter_bytes())
        assert (1 in seen, read()) == (True, 0)
    await becomes(read, 0)
    assert set(seen) == {0, 1}


async def test_probes_do_not_count_and_what_fails_leaves_nothing_behind(watched, new_caller):
    server, read, seen = await watched()
    caller = await new_caller(server)
    seen.clear()  # of the request of nobody that the start answers
    async with httpx.AsyncClient(base_url=server.url, verify=False) as stranger:
        assert (await stranger.get("/health/live")).status_code == 200
        assert seen == []
        refused = [
            await stranger.post("/v1/checksum", json=PAGE),
            await caller.http.post("/v1/checksum", json=[]),
            await caller.http.get("/nothing"),
        ]
    assert [answer.status_code for answer in refused] == [401, 422, 404]
    await becomes(read, 0)
    assert set(seen) == {0, 1}
