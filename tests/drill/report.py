"""Tells what a drill has shown: as a page, as JSON, as a summary, and as the one line that a program reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drill.catalogue import FIGURES
from drill.outcome import Outcome, Result

_SHOWN = 50
"""Single findings of a proof on the page; the JSON has all."""


def last_line(outcome: Outcome) -> str:
    """Return the line for programs: one JSON object."""
    return json.dumps(_verdict(outcome))


def write_report(outcome: Outcome, folder: Path) -> None:
    """Write `report.md` for people, and `report.json` with everything."""
    told = {
        "result": _verdict(outcome),
        "sizes": asdict(outcome.options.sizes),
        "proofs": [_told(result) for result in outcome.results],
    }
    (folder / "report.json").write_text(json.dumps(told, indent=1, default=str), encoding="utf-8")
    (folder / "report.md").write_text("\n".join(_page(outcome)) + "\n", encoding="utf-8")


def summary(outcome: Outcome) -> list[str]:
    """Return what a person wants to know."""
    lines = [f"{result.proof.name}: {line}" for result in outcome.results for line in result.against]
    lines += [f"Interrupted in {outcome.interrupted}."] if outcome.interrupted else []
    lines += [f"Not shown: {name}." for name in outcome.missing]
    return [*lines, "Everything held." if outcome.passed else "NOT PASSED."]


def _verdict(outcome: Outcome) -> dict[str, Any]:
    options = outcome.options
    return {
        **outcome.figures,
        "seed": options.seed,
        "quick": options.quick,
        "only": list(options.only),
        "missing": outcome.missing,
        "interrupted": bool(outcome.interrupted),
        "seconds": round(outcome.seconds),
        "passed": outcome.passed,
    }


def _told(result: Result) -> dict[str, Any]:
    shown = asdict(result.shown) if result.shown else {}
    return {"proof": result.proof.name, "seconds": round(result.seconds, 1), "failure": result.failure, **shown}


def _page(outcome: Outcome) -> list[str]:
    options = outcome.options
    call = f"make privacy-drill SEED={options.seed}" + (" ARGS=--quick" if options.quick else "")
    return [
        "# Privacy drill",
        "",
        *(f"- {line}" for line in summary(outcome)),
        "",
        f"Again: `{call}`. Sizes: {', '.join(f'{name} {size:,}' for name, size in asdict(options.sizes).items())}.",
        "",
        "| figure | found | |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {_figure(outcome.figures[name])} | {meaning} |" for name, meaning in FIGURES.items()),
        *(line for result in outcome.results for line in _section(result)),
    ]


def _figure(value: float | None) -> str:
    return "not shown" if value is None else f"{value:,}"


def _section(result: Result) -> list[str]:
    name, shown = result.proof.name, result.shown
    head = ["", f"## {name}", "", f"{result.proof.promise} ({result.seconds:.0f} s)", ""]
    kept = ["", f"Its data and logs are kept in `{name}`, what it wrote in `{name}.log`."] if result.against else []
    if shown is None:
        return [*head, f"- **{result.against[0]}**", *kept]
    bars = [f"- {'' if bar.held else '**NOT SO:** '}{bar.name}: {bar.found}" for bar in shown.bars]
    return [*head, *bars, *_besides(shown.counted), *_details(shown.against), *kept]


def _besides(counted: Mapping[str, Any]) -> list[str]:
    numbers = [f"{name} {value:,}" for name, value in counted.items() if isinstance(value, int | float)]
    return ["", f"Counted besides: {', '.join(numbers)}."] if numbers else []


def _details(against: Sequence[str]) -> list[str]:
    if not against:
        return []
    more = [f"... and {len(against) - _SHOWN:,} more in `report.json`"] if len(against) > _SHOWN else []
    return ["", "What speaks against it:", "", *(f"    {line}" for line in [*against[:_SHOWN], *more])]
