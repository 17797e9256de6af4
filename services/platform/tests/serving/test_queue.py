"""Which inputs share a batch, and in which order they go."""

from pathlib import Path
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from slipway.serving.predictor import Predictor
from slipway.serving.queue import Queue, Request
from slipway.telemetry.metrics import Metrics
from slipway.workload import Context, Workload


class Item(BaseModel):
    number: int
    cost: int


class Measured(Workload[Item, Item]):
    name = "measured"
    Input = Item
    Output = Item
    max_batch: ClassVar[int] = 4
    max_batch_cost: ClassVar[int] = 100

    def cost(self, item):
        return item.cost


METRICS = Metrics()
MODELS = [Predictor(Measured(Context(Path(), name)), METRICS) for name in ("a", "b")]
REQUESTS = st.lists(st.tuples(st.sampled_from(MODELS), st.lists(st.integers(1, 120), min_size=1, max_size=9)))
TAKES = st.lists(st.integers(0, 3), max_size=20)
LANES = st.integers(1, 3)


def fill(queue, requests):
    """Let requests wait; return them, and how many inputs they have."""
    number, added = 0, []
    for model, costs in requests:
        added.append(Request(model))
        queue.add(added[-1], [Item(number=number + i, cost=cost) for i, cost in enumerate(costs)])
        number += len(costs)
    return added, number


def take_all(queue, lanes, frees=()):
    """Take batches until nothing waits; `frees` says for how many lanes at first."""
    frees, batches = [*frees], []
    while len(queue):
        taken = queue.take(min(frees.pop(0), lanes) if frees else 1, lanes)
        batches += [(batch, index) for index, batch in enumerate(taken)]
    return batches


@settings(deadline=None)
@given(REQUESTS, LANES, TAKES)
async def test_every_input_goes_once_in_batches_of_one_model_within_its_limits(requests, lanes, frees):
    queue = Queue()
    _, count = fill(queue, requests)

    batches = take_all(queue, lanes, frees)

    assert sorted(entry.item.number for batch, _ in batches for entry in batch) == list(range(count))
    for batch, _ in batches:
        assert len({entry.request.predictor for entry in batch}) == 1
        assert len(batch) <= Measured.max_batch
        padded = len(batch) * max(entry.cost for entry in batch)
        assert len(batch) == 1 or padded <= Measured.max_batch_cost, "memory is bounded, padding included"
    assert len(queue) == 0
    assert queue.since is None


@settings(deadline=None)
@given(REQUESTS, LANES, TAKES)
async def test_who_has_waited_longest_goes_next_and_nobody_is_overtaken_for_ever(requests, lanes, frees):
    queue = Queue()
    _, count = fill(queue, requests)
    models = [model for model, costs in requests for _ in costs]
    left, turns = set(range(count)), dict.fromkeys(MODELS, 0)

    for batch, index in take_all(queue, lanes, frees):
        numbers, model = {entry.item.number for entry in batch}, batch[0].request.predictor
        if index == 0:
            assert min(left) in numbers, "the oldest of all is in the first batch"
            turns[model] += 1
        left -= numbers
        for number in numbers:
            ahead = models[:number].count(model)
            assert turns[model] <= ahead + 1, "each turn takes at least one of those ahead"


@settings(deadline=None)
@given(REQUESTS.filter(bool), LANES, st.data())
async def test_what_was_dropped_is_not_taken_and_not_counted(requests, lanes, data):
    queue = Queue()
    added, count = fill(queue, requests)
    queue.take(data.draw(st.integers(0, 3)), lanes)
    gone = data.draw(st.lists(st.sampled_from(added)))
    for request in gone:
        queue.drop(request)

    waiting = sum(request.waiting for request in added)
    assert len(queue) == waiting <= count
    taken = [entry for batch, _ in take_all(queue, lanes) for entry in batch]
    assert len(taken) == waiting
    assert not any(entry.request in gone for entry in taken)


async def test_inputs_of_a_batch_that_failed_go_first_and_alone():
    queue = Queue()
    fill(queue, [(MODELS[0], [1, 1, 1]), (MODELS[0], [1])])
    (batch,) = queue.take(1, 1)
    queue.add(Request(MODELS[0]), [Item(number=9, cost=1)])

    queue.try_alone(batch)

    order = [[entry.item.number for entry in again] for again, _ in take_all(queue, 1)]
    assert order == [[0], [1], [2], [3], [9]]


async def test_a_long_input_does_not_pad_the_short_ones_and_is_next_when_it_is_the_oldest():
    queue = Queue()
    fill(queue, [(MODELS[0], [50]), (MODELS[0], [2, 2, 2]), (MODELS[0], [49])])

    order = [[entry.cost for entry in batch] for batch, _ in take_all(queue, 2)]

    assert 50 in order[0]
    assert [2, 2, 2] in order
