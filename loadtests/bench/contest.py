"""Systems that are measured in turns of a few seconds, so that the machine's moods meet all of them alike."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from loadtests.bench.measurement import Measurement, Moment
from loadtests.bench.rest import Rest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that take turns."""

    system: str
    rest: Rest
    """While another side is measured."""
    measure: Callable[[Moment], Measurement]
    """Measures one slice."""


class SideError(Exception):
    """A side could not be measured; `system` says whose fault it was."""

    def __init__(self, system: str, why: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.system = system


def order(sides: Sequence[T], turn: int) -> list[T]:
    """Return the sides of a turn, from 1: each second one goes backwards, as in A B, B A, A B.

    Whoever is next to another is so in every turn, now before it and now after it: what changes steadily over a few
    turns is the same for both.
    """
    return list(sides) if turn % 2 else list(reversed(sides))


def play(contest: str, sides: Sequence[Side], turns: int, failures: tuple[type[Exception], ...]) -> list[Measurement]:
    """Measure so many turns of all sides.

    Args:
        contest: its name.
        sides: who takes turns; those whose ratio is wanted are next to each other.
        turns: how often.
        failures: what a side may fail with.

    Raises:
        SideError: a side failed.
    """
    moments = [Moment(contest, turn) for turn in range(1, turns + 1)]
    with resting([side.rest for side in sides]):
        return [_slice(side, moment, failures) for moment in moments for side in order(sides, moment.turn)]


@contextmanager
def resting(rests: Sequence[Rest]) -> Iterator[None]:
    """Let systems stand still, but for when one is measured."""
    with ExitStack() as ends:
        for rest in rests:
            ends.callback(rest.end)
            rest.begin()
        yield


def _slice(side: Side, moment: Moment, failures: tuple[type[Exception], ...]) -> Measurement:
    try:
        with side.rest.interrupted():
            return side.measure(moment)
    except failures as error:
        raise SideError(side.system, str(error) or type(error).__name__) from error
