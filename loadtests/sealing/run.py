"""Jobs of both sides in turns."""

from collections.abc import Callable, Sequence

from loadtests.jobs.messages import read_messages
from loadtests.sealing import stored
from loadtests.sealing.figures import Pair
from loadtests.sealing.job import Cost, Jobs
from loadtests.sealing.options import KINDS, PEOPLE, Options
from loadtests.sealing.stacks import both_sides


class Run:
    """Measures; `pairs` has what was measured so far, by kind of jobs, also after an interruption."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        """Start nothing yet; `say` is told what happens."""
        self.pairs: dict[str, list[Pair]] = {kind: [] for kind in options.kinds}
        self._options, self._say = options, say
        self._texts = read_messages(options.messages)

    def measure(self) -> None:
        """Start both stacks, and take their jobs in turns: A B B A, so that what changes slowly favours nobody.

        Raises:
            RuntimeError: a message was not answered, or a side is not what it should be.
        """
        self._say("Starting both stacks.")
        with both_sides(self._options.workload, self._options.models) as (sealed, plain):
            with Jobs(sealed) as one, Jobs(plain) as other:
                self._warm_up(one, other)
                for number in range(1, self._options.rounds + 1):
                    for kind in self._options.kinds:
                        self._round(number, kind, one, other)
            stored.check(sealed, plain)

    def _warm_up(self, one: Jobs, other: Jobs) -> None:
        for side in (one, other):
            for kind in KINDS:
                self._job(side, kind)

    def _round(self, number: int, kind: str, one: Jobs, other: Jobs) -> None:
        first, second, third, fourth = (self._job(side, kind) for side in (one, other, other, one))
        self.pairs[kind] += [Pair(first, second), Pair(fourth, third)]
        said = ", ".join(f"{pair.ratio:.3f} ({pair.cpu_ratio:.3f})" for pair in self.pairs[kind][-2:])
        rates = " and ".join(f"{rate:.0f}" for rate in self._rates((first, fourth), (second, third)))
        self._say(f"round {number} of {self._options.rounds}, {kind}: {said}; {rates} messages/s")

    def _rates(self, *sides: Sequence[Cost]) -> list[float]:
        return [self._options.messages * len(costs) / sum(cost.seconds for cost in costs) for costs in sides]

    def _job(self, side: Jobs, kind: str) -> Cost:
        return side.run(self._texts, people=kind == PEOPLE)[0]
