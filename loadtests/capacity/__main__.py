"""`python -m loadtests.capacity`: finds what one pod answers within the objective."""

import json
import sys
import time
from dataclasses import asdict

from loadtests.capacity.bench import Bench, clients, new_seed, told
from loadtests.capacity.options import Options, parse
from loadtests.capacity.search import Finding, NothingHeldError, Plan, Search
from loadtests.capacity.trial import Limits, Trial

_MOST_SECONDS = 118.0
"""Until then it is looked for and, as a rule, confirmed; noise makes it half a minute more."""
_OVERHEAD_SECONDS = 2.0
"""Of a trial, beyond what it settles and measures; more after an overload."""
_OVER_RATE = "A key is over its rate: give more keys, one a line, or raise SLIPWAY_RATE_LIMIT_PER_MINUTE."
_SATURATED = "The generator itself was late: let it run where it has more of a processor."


def main(options: Options) -> int:
    """Search, telling each trial; the last line is one JSON object. Return the exit code."""
    began, limits = time.monotonic(), Limits(p95_ms=options.p95_ms)
    plan = Plan(first=options.first, limits=limits)
    bench = Bench(options.scenario, options.clients, options.settle, options.seconds, new_seed())
    kept = (plan.confirmations + 1) * (options.settle + options.seconds + _OVERHEAD_SECONDS)

    def run(rate: float) -> Trial:
        trial = bench.run(rate)
        _tell(trial, limits)
        return trial

    with clients(options.url, options.access, options.clients):
        search = Search(run, lambda: time.monotonic() - began < _MOST_SECONDS - kept, plan)
        try:
            print(_summary(search.find(), options.scenario), flush=True)
        except NothingHeldError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _tell(trial: Trial, limits: Limits) -> None:
    complaint = trial.complaint(limits)
    result = f"not held: {complaint}" if complaint else "held"
    p95 = "no answer" if trial.p95_ms is None else f"p95 {trial.p95_ms:7.1f} ms"
    print(
        f"{trial.rate_rps:8.1f} requests/s  {p95}  {trial.ok_rps:7.1f} answered/s  "
        f"generator {trial.generator_cpu:4.0%}  {result}",
        flush=True,
    )
    for text, wrong in {_OVER_RATE: trial.over_rate, _SATURATED: bool(complaint) and trial.generator_late}.items():
        if wrong:
            print(f"          {text}", flush=True)


def _summary(finding: Finding, scenario: str) -> str:
    return json.dumps({**asdict(finding), "scenario": scenario, "trials": [told(trial) for trial in finding.trials]})


if __name__ == "__main__":
    sys.exit(main(parse()))
