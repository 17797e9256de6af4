"""The queries of a dashboard's file, as Grafana would send them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Found:
    """A query, and where it stands."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    may_be_empty: bool = False
    """Whether the panel says what it means when there is no data."""
    exemplars: bool = False
    """Whether the panel shows the traces of single observations."""


def found(path: Path, interval: str, span: str) -> list[Found]:
    """Return the queries of a file; `interval` and `span` (`1m`, `1h`) stand for Grafana's own variables.

    Raises:
        KeyError: a query uses a variable that the dashboard does not define.
    """
    dashboard = json.loads(path.read_text("utf-8"))
    values = {"__rate_interval": interval, "__interval": interval, "__range": span} | _variables(dashboard)
    shown = [
        Found(
            dashboard["uid"],
            panel["title"],
            target["refId"],
            filled(target["expr"], values),
            _may_be_empty(panel),
            target.get("exemplar", False),
        )
        for panel in panels(dashboard)
        for target in panel.get("targets", ())
        if "expr" in target
    ]
    marks = dashboard.get("annotations", {}).get("list", ())
    return shown + [_mark(dashboard["uid"], mark, values) for mark in marks]


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard's JSON, those inside of collapsed rows as well, without the rows."""
    every = [each for panel in dashboard["panels"] for each in (panel, *panel.get("panels", ()))]
    return [panel for panel in every if panel["type"] != "row"]


def filled(expression: str, values: dict[str, str]) -> str:
    """Return the expression with values in place of its variables."""
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], expression)


def _mark(dashboard: str, mark: dict[str, Any], values: dict[str, str]) -> Found:
    """Return what draws vertical lines on all panels; most of the time there is none."""
    return Found(dashboard, f"Annotation {mark['name']}", "A", filled(mark["expr"], values), may_be_empty=True)


def _may_be_empty(panel: dict[str, Any]) -> bool:
    return bool(panel.get("fieldConfig", {}).get("defaults", {}).get("noValue"))


def _variables(dashboard: dict[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["allValue"] for variable in dashboard.get("templating", {}).get("list", ())}
