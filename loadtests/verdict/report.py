"""What is written and printed: verdict.json, verdict.md, a summary, and one line for programs."""

import json
import math
from dataclasses import asdict
from typing import Any

from loadtests.verdict.burst import BurstFigures
from loadtests.verdict.finding import Finding
from loadtests.verdict.judge import Judgement
from loadtests.verdict.recording import Recording

_DIGITS = 6
_COMPUTED = ("error_rate", "refused_rate", "refused_settled_rate", "scale_up_s", "recovered_s")


def document(recording: Recording, judgement: Judgement) -> dict[str, Any]:
    """Return `verdict.json`. A time that never came is null."""
    run = recording.run
    told = {
        "verdict": judgement.verdict.value,
        "findings": [_finding(finding) for finding in judgement.findings],
        "figures": _figures(judgement),
        "objectives": judgement.objectives.model_dump(),
        "run": run.model_dump(include={"scenario", "shape", "started", "ended", "capacity_rps", "base_rps", "pinned"}),
    }
    rounded: dict[str, Any] = _rounded(told)
    return rounded


def last_line(told: dict[str, Any]) -> str:
    """Return the line for programs: the verdict, the kinds of its findings, and the figures that are single values."""
    single = {name: value for name, value in told["figures"].items() if not isinstance(value, list | dict)}
    kinds = list(dict.fromkeys(finding["kind"] for finding in told["findings"]))
    return json.dumps({"verdict": told["verdict"], "findings": kinds, **single})


def summary(told: dict[str, Any]) -> list[str]:
    """Return what a person wants to know, line by line."""
    lines = ["", f"{told['verdict']}"]
    lines += [f"  {finding['kind']}: {finding['text']}" for finding in told["findings"]]
    return [*lines, "", *(f"  {name:<28} {value:>12} {limit:>14}" for name, value, limit in _rows(told)), ""]


def markdown(told: dict[str, Any]) -> str:
    """Return `verdict.md`."""
    run = told["run"]
    pinned = ", the autoscaler pinned" if run["pinned"] else ""
    lines = [f"# {told['verdict']}", "", f"Shape {run['shape']}, scenario {run['scenario'] or '-'}{pinned}.", ""]
    lines += [f"- **{finding['kind']}**: {finding['text']}" for finding in told["findings"]]
    lines += [
        "",
        "![load, replicas, latency and errors](verdict.png)",
        "",
        "| figure | value | limit |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {value} | {limit} |" for name, value, limit in _rows(told)]
    return "\n".join([*lines, ""])


def _finding(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind.value, "text": finding.text, "value": finding.value, "limit": finding.limit}


def _figures(judgement: Judgement) -> dict[str, Any]:
    figures = judgement.figures
    told = asdict(figures)
    if not isinstance(figures, BurstFigures):
        told |= {name: getattr(figures, name) for name in _COMPUTED}
    return told


def _rounded(value: Any) -> Any:
    """Round what is measured; what is infinite or unknown is null, as JSON has no other word for it."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value


def _rows(told: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, value, limit) of each figure that is a single value, and of p95 by phase."""
    limits, rows = told["objectives"], []
    for name, value in told["figures"].items():
        if isinstance(value, dict):
            rows += [(f"{name}, {phase}", _shown(one), _limit(name, limits)) for phase, one in value.items()]
        elif not isinstance(value, list):
            rows.append((name, _shown(value), _limit(name, limits)))
    return rows


def _limit(name: str, limits: dict[str, Any]) -> str:
    if name == "refused_rate":
        return ""
    other = {"refused_settled_rate": "refused_rate", "sent_share": "generator_sent"}
    known = limits.get(other.get(name, name))
    return "" if known is None else f"{_shown(known)}"


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
