"""What a panel is: a question that a person has, the queries that answer it, and what a good answer looks like."""

from dataclasses import dataclass
from enum import Enum

from monitoring.dashboards.limits import Limits


class Kind(Enum):
    """How the answer is drawn."""

    LINES = "timeseries"
    NUMBER = "stat"
    HEATMAP = "heatmap"
    STATES = "state-timeline"
    ALERTS = "alertGroups"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression, and how its series are called."""

    expression: str
    legend: str
    exemplars: bool = False
    """Whether to show the traces that belong to single observations; only of a histogram's buckets."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. Everything that a reader needs at night is declared, and a test wants all of it."""

    title: str
    good: str
    """What good looks like, and what else it may mean: the panel's description."""
    unit: str
    """Grafana's id of the unit, e.g. `s`, `reqps`, `percentunit`."""
    limits: Limits
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    alerts: tuple[str, ...] = ()
    """Alerts that fire on what is shown here: the panel links to their runbooks."""
    empty: str = ""
    """What it means when there is no series. Without it, no data is a fault, and the checker says so."""
    width: int = 8
    """Of 24 columns."""
    height: int = 8
    stacked: bool = False
    top: float | None = None
    """The end of the axis, if the unit has one."""
    link: tuple[str, str] | None = None
    """Title and address of what a click on a series opens."""
    text: str = ""
    """Markdown, of a panel that is a text."""

    @property
    def description(self) -> str:
        """The text behind the panel's (i)."""
        return f"{self.good}\n\nNo data: {self.empty}" if self.empty else self.good
