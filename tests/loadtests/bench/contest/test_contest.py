"""Who comes when, who stands still meanwhile, and why neighbours in time are compared."""

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.bench.contest import Side, SideError, order, play
from loadtests.bench.measurement import Measurement
from loadtests.bench.report.pairs import rate, ratios, spread

PLAIN = {
    "variant": "v", "case": "bulk_c8", "requests": 9, "messages": 9, "seconds": 2.0, "rps": 1.0, "p50_ms": 1.0,
    "p95_ms": 1.0, "p99_ms": 1.0, "errors": 0, "server_cpu_s_per_1000": 1.0, "generator_cpu_share": 0.1,
}  # fmt: skip


class Watched:
    """Stands for processes, and writes down what it is told."""

    def __init__(self, name, log):
        self.name, self.log, self.awake, self.depth = name, log, True, 0

    def pids(self):
        return set()

    def begin(self):
        self.depth += 1
        self.awake = False

    def end(self):
        self.depth -= 1
        self.awake = not self.depth

    def interrupted(self):
        return self

    def __enter__(self):
        self.awake = True

    def __exit__(self, *_):
        self.awake = False


def measured(system, moment, speed):
    return Measurement(system=system, contest=moment.contest, turn=moment.turn, messages_per_s=speed, **PLAIN)


@given(st.lists(st.integers(), unique=True, max_size=5), st.integers(1, 9))
def test_every_second_turn_goes_backwards(sides, turn):
    assert order(sides, turn) == order(sides, turn + 1)[::-1]
    assert order(sides, 1) == sides


def test_sides_take_turns_and_only_one_is_awake_at_a_time():
    log, rests = [], {}

    def side(name):
        def measure(moment):
            log.append((name, [each for each, rest in rests.items() if rest.awake]))
            return measured(name, moment, 1.0)

        rests[name] = Watched(name, log)
        return Side(name, rests[name], measure)

    found = play("x", [side("a"), side("b")], 3, ())

    assert log == [(name, [name]) for name in "abbaab"]
    assert [(each.system, each.turn) for each in found] == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]
    assert all(rest.awake for rest in rests.values())


def test_who_fails_is_named_and_all_go_on():
    rests = [Watched("a", []), Watched("b", [])]

    def fail(_):
        raise OSError("it is gone")

    sides = [Side("a", rests[0], lambda moment: measured("a", moment, 1.0)), Side("b", rests[1], fail)]
    with pytest.raises(SideError, match="it is gone") as caught:
        play("x", sides, 1, (OSError,))

    assert caught.value.system == "b"
    assert all(rest.awake for rest in rests)


class Machine:
    """Changes its speed by a third, now after seconds, now after minutes."""

    def __init__(self, seed):
        self._draw = random.Random(seed)
        self.now, self._speed, self._until = 0.0, 1.0, 0.0

    def work(self, rate, seconds):
        """Return the rate that is seen of work that would be done at `rate` at full speed."""
        done, ends = 0.0, self.now + seconds
        while self.now < ends:
            if self.now >= self._until:
                self._speed, self._until = self._draw.choice([1.0, 0.75]), self.now + self._draw.expovariate(1 / 20)
            step = min(ends, self._until) - self.now
            done += rate * self._speed * step
            self.now += step
        return done / seconds


def paired(machine, pairs):
    speeds = {"slipway": 190.0, "other": 200.0}
    sides = [
        Side(name, Watched(name, []), lambda moment, name=name: measured(name, moment, machine.work(speeds[name], 2.5)))
        for name in speeds
    ]
    found = play("x", sides, pairs, ())
    return spread(ratios(found, "x", lambda m: m.system == "slipway", lambda m: m.system == "other", rate)).median


def apart(machine, rounds):
    """Return the ratio as visits of 2.5 s find it that have minutes between them."""
    found = []
    for _ in range(rounds):
        ours = machine.work(190.0, 2.5)
        machine.work(0.0, 300.0)
        found.append(ours / machine.work(200.0, 2.5))
        machine.work(0.0, 300.0)
    return median(found)


def test_neighbours_find_the_ratio_that_visits_minutes_apart_miss():
    near = [abs(paired(Machine(seed), 12) / 0.95 - 1) for seed in range(50)]
    far = [abs(apart(Machine(seed), 3) / 0.95 - 1) for seed in range(50)]

    assert max(near) < 0.02
    assert sum(error > 0.02 for error in far) > 10


def test_a_turn_that_lacks_a_side_is_no_pair():
    sides = [Side("a", Watched("a", []), lambda moment: measured("a", moment, 3.0))]
    found = play("x", sides, 2, ())

    assert ratios(found, "x", lambda m: m.system == "a", lambda m: m.system == "b", rate) == []
    assert spread([]) is None


def test_quartiles_and_ends():
    found = spread([1.0, 2.0, 3.0, 4.0, 100.0])

    assert (found.median, found.quartiles, found.ends, found.pairs) == (3.0, (2.0, 4.0), (1.0, 100.0), 5)
    assert spread([2.0]).quartiles == (2.0, 2.0)
