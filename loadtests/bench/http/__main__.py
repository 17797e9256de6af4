"""`python -m loadtests.bench.http`: the same application on granian and on uvicorn (uvloop, httptools), in turns.

It takes the options of the bench. The last line is one JSON object: for each case granian ÷ uvicorn, of messages a
second and of processor seconds.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace

from loadtests.autoscale.interruption import end_in_order
from loadtests.bench.http.granian import Granian
from loadtests.bench.measurement import Measurement, read
from loadtests.bench.options import parse
from loadtests.bench.report.pairs import Figure, Spread, processor, rate, ratios, spread
from loadtests.bench.run import run
from loadtests.bench.systems.apparatus_off.system import ApparatusOff

_UVICORN, _GRANIAN = ApparatusOff(), Granian()
_FIGURES: dict[str, Figure] = {"messages_per_s": rate, "cpu": processor}


def main() -> int:
    """Measure the cases, and print the ratios."""
    options = replace(parse(), systems=(_GRANIAN.name,), curve=False, startup=False)
    end_in_order()
    record = run(options, _UVICORN, [_GRANIAN])
    found = list(read(options.out))
    report = {case: compare(found, case) for case in options.cases}
    print(json.dumps({"granian_vs_uvicorn": report, "failed": record.failed, "results": str(options.out)}))
    return 1 if record.failed else 0


def compare(found: Sequence[Measurement], case: str) -> dict[str, object]:
    """Return for each figure the median over pairs, its quartiles and ends; None: the case was not measured."""
    return {name: _told(case, name, _ratio(found, case, figure)) for name, figure in _FIGURES.items()}


def _ratio(found: Sequence[Measurement], case: str, figure: Figure) -> Spread | None:
    contest = f"{_GRANIAN.name}/{case}"
    of_pairs = ratios(found, contest, lambda one: one.system == _GRANIAN.name, _is_uvicorn, figure)
    return spread(of_pairs)


def _is_uvicorn(one: Measurement) -> bool:
    return one.system == _UVICORN.name


def _told(case: str, name: str, ratio: Spread | None) -> dict[str, object] | None:
    if ratio is None:
        return None
    low, high = ratio.quartiles
    print(f"{case}, {name}: {ratio.median:.3f} of uvicorn's ({low:.3f} to {high:.3f})", file=sys.stderr)
    return asdict(ratio)


if __name__ == "__main__":
    raise SystemExit(main())
