"""Starts the API again and again, and sums up."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from loadtests.bench.startup.figures import line, summary
from loadtests.bench.startup.messages import read
from loadtests.bench.startup.options import Options
from loadtests.bench.startup.stage import set_up
from loadtests.bench.startup.start import measure_start


def measure(options: Options | None = None, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Return the figures: seconds, ratios and MB, the spread of each, `passed` and `missed`.

    The files are warm: one start that does not count comes before. `say` is told how it goes.

    Raises:
        SystemExit: an API did not start, or did not answer; the message says what to look at.
    """
    options = options or Options()
    messages = read(options)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        say("Starting PostgreSQL and Redis, and the API once to warm the files.")
        with set_up(options.models) as stage:
            measure_start(stage, messages, replace(options, requests=1, seconds=0), pool)
            starts = []
            for number in range(options.rounds):
                starts.append(measure_start(stage, messages, options, pool))
                say(f"start {number + 1}: {line(starts[-1])}")
    return summary(starts)
