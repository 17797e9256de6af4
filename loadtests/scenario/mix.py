"""The scenarios that there are, by name: which requests, and how often each."""

import random
from collections.abc import Callable, Mapping

from loadtests.scenario.call import Call
from loadtests.scenario.jobs import job, small_job
from loadtests.scenario.triage import batch, single
from loadtests.scenario.trouble import bad_input, slow_reader, slow_sender, wrong_key

Maker = Callable[[random.Random], Call]

SCENARIOS: dict[str, dict[Maker, float]] = {
    "single": {single: 1},
    "batches": {batch: 1},
    "jobs": {job: 1},
    # 80 : 15 : 5, and one request in twenty beside them that is a nuisance.
    "mixed": {single: 80, batch: 15, small_job: 5, bad_input: 2, wrong_key: 1, slow_sender: 1, slow_reader: 1},
}


class Mix:
    """Draws the requests of a scenario: the same for the same seed."""

    def __init__(self, weights: Mapping[Maker, float], seed: str) -> None:
        self._makers, self._weights = list(weights), list(weights.values())
        self._dice = random.Random(seed)  # noqa: S311  # a load, not a secret

    def draw(self) -> Call:
        """Return the next request."""
        (maker,) = self._dice.choices(self._makers, self._weights)
        return maker(self._dice)
