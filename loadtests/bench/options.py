"""What a run is told on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtests.bench.cases import CASES
from loadtests.kinds import existing, within

_QUICK = {"seconds": 1.5, "pairs": 3, "systems": ("limit", "apparatus_off", "prototype")}
_FULL = {"seconds": 2.0, "pairs": 12, "systems": ()}


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes."""

    seconds: float
    """Of each slice."""
    run_in: float
    """Before each slice, uncounted."""
    warmup: float
    """Before each contest."""
    pairs: int
    """Of slices, for the limit and the apparatus off in the two cases that bars are of."""
    systems: tuple[str, ...]
    """Names of those that are measured beside Slipway; none: all."""
    cases: tuple[str, ...]
    curve: bool
    limit: Path | None
    """Settings of the limit that an earlier run found on this machine. None: they are searched for."""
    data: Path | None
    """A CSV file with a column `text`. None: all of the sample's."""
    labelled: tuple[Path, Path] | None
    """What heads learn from and are judged on, to compare precisions. None: accuracy is not measured."""
    startup: bool
    docs: bool
    """Whether docs/performance.md is to show this run."""
    models: Path
    out: Path
    seed: int

    @property
    def some(self) -> int:
        """Pairs for the frameworks in these cases: two thirds."""
        return max(1, round(self.pairs * 2 / 3))

    @property
    def few(self) -> int:
        """Pairs in the other cases, and for the prototype: a quarter."""
        return max(1, round(self.pairs / 4))


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser(
        "python -m loadtests.bench", description="Slipway beside the limit, a prototype, and other frameworks."
    )
    add, names = parser.add_argument, [case.name for case in CASES]
    add("--quick", action="store_true", help="a try of a few minutes: few pairs, without the other frameworks")
    add("--seconds", type=within(float, 1, 600), help="measured seconds of each slice (default 2; quick 1.5)")
    add("--run-in", type=within(float, 0.1, 60), default=0.3, help="seconds before each slice (default 0.3)")
    add("--warmup", type=within(float, 0.5, 60), default=0.5, help="seconds before each contest (default 0.5)")
    pairs = "pairs of slices with the limit and the apparatus off (default 12; quick 3); two thirds with the frameworks"
    add("--pairs", type=within(int, 1, 100), help=pairs)
    add("--systems", nargs="+", metavar="NAME", help="only these beside Slipway; `limit` is the model in-process")
    add("--cases", nargs="+", choices=names, metavar="NAME", default=names, help=f"of {', '.join(names)}")
    add("--no-curve", dest="curve", action="store_false", help="leave out the latency curve")
    add("--limit", type=existing, help="limit.json of an earlier run, which spares the search for the best settings")
    add("--data", type=existing, help="CSV file with a column `text` (default: the sample's three)")
    columns = "CSV files with `text` and `label`, the second of 3,000 rows or more: what int8 costs in accuracy"
    add("--labelled", type=existing, nargs=2, metavar=("TRAIN", "TEST"), help=columns)
    add("--no-startup", dest="startup", action="store_false", help="leave out start-up and memory")
    add("--docs", action="store_true", help="show this run in docs/performance.md")
    add("--models", type=existing, default=Path("var/models"), help="folder of the model (`make model` builds it)")
    add("--out", type=Path, help="folder of this run (default var/bench/<time>)")
    add("--seed", type=within(int, 0, 2**31), default=1, help="of the order of messages")
    return _complete(vars(parser.parse_args(arguments)))


def _complete(found: dict[str, Any]) -> Options:
    for name, value in (_QUICK if found.pop("quick") else _FULL).items():
        found[name] = value if found[name] is None else found[name]
    found["labelled"] = found["labelled"] and tuple(found["labelled"])
    found["out"] = found["out"] or Path("var/bench") / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Options(**found | {name: tuple(found[name]) for name in ("systems", "cases")})
