"""Alerts and their runbooks, as far as dashboards point to them.

Each runbook is a dashboard of its own, so that a link to it works wherever Grafana does.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitoring.dashboards.board import RUNBOOK_TAG, Board, Row
from monitoring.dashboards.limits import NO_LIMIT, above
from monitoring.dashboards.panel import Kind, Panel, Query

_ROOT = Path(__file__).parents[2]
RULES = _ROOT / "monitoring" / "prometheus" / "rules"
TEXTS = _ROOT / "docs" / "runbooks"
_UID = "runbook-"
_TO_ANOTHER = re.compile(r"\]\((\w+)\.md\)")


def address(alert: str) -> str:
    """Return where Grafana shows the runbook of an alert."""
    return f"/d/{_UID}{alert}"


@cache
def alerts() -> frozenset[str]:
    """Return the alerts that Prometheus may raise."""
    return frozenset(rule["alert"] for rule in _rules() if "alert" in rule)


@cache
def recorded() -> frozenset[str]:
    """Return the names of the series that rules record."""
    return frozenset(rule["record"] for rule in _rules() if "record" in rule)


def runbooks() -> list[Board]:
    """Return a dashboard for each runbook of `docs/runbooks`."""
    return [_board(path) for path in sorted(TEXTS.glob("*.md")) if path.stem in alerts()]


def history(title: str, selector: str, width: int = 24, height: int = 6) -> Panel:
    """Return a panel of when alerts fired; `selector` matches their labels."""
    return Panel(
        title,
        "Empty. A bar is an alert that fired: click it for its runbook.",
        "none",
        above(bad=1),
        (Query(f"max by (alertname, severity) (ALERTS{{{selector}}})", "{{alertname}} ({{severity}})"),),
        kind=Kind.STATES,
        empty="none of these alerts has fired in this time.",
        link=("Runbook", address("${__field.labels.alertname}")),
        width=width,
        height=height,
    )


def _board(path: Path) -> Board:
    text = _TO_ANOTHER.sub(lambda match: f"]({address(match[1])})", path.read_text("utf-8"))
    panel = Panel("", "", "", NO_LIMIT, (), kind=Kind.TEXT, text=text, width=24, height=24)
    firing = history("When it fired", f'alertname="{path.stem}",alertstate="firing"', height=4)
    rows = (Row("", (firing, panel)),)
    return Board(f"{_UID}{path.stem}", path.stem, f"Runbook of the alert {path.stem}.", rows, RUNBOOK_TAG)


@cache
def _rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]
