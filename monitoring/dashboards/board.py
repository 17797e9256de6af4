"""What a dashboard is: rows of panels."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.dashboards.panel import Panel

COLUMNS = 24
ROW_HEIGHT = 1

TAG = "slipway"
RUNBOOK_TAG = "slipway-runbook"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a panel stands on the grid, in Grafana's units."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it, from left to right, wrapped where the columns end."""

    title: str
    """Empty: no heading."""
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; its file is named after the uid."""

    uid: str
    title: str
    purpose: str
    rows: tuple[Row, ...]
    tag: str = TAG
    """Dashboards of one tag find each other in the menu above them."""
    variables: tuple[tuple[str, str], ...] = ()
    """Name of a variable, and the metric whose values of the label of that name it offers."""

    @property
    def panels(self) -> list[Panel]:
        """Every panel, in reading order."""
        return [panel for row in self.rows for panel in row.panels]

    @property
    def alerts(self) -> list[str]:
        """Every alert that a panel names, sorted."""
        return sorted({alert for panel in self.panels for alert in panel.alerts})

    def placed(self) -> Iterator[tuple[Row | Panel, Position]]:
        """Return each row and panel with its place; nothing overlaps."""
        y = 0
        for row in self.rows:
            if row.title:
                yield row, Position(0, y, COLUMNS, ROW_HEIGHT)
                y += ROW_HEIGHT
            x = tallest = 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    x, y, tallest = 0, y + tallest, 0
                yield panel, Position(x, y, panel.width, panel.height)
                x, tallest = x + panel.width, max(tallest, panel.height)
            y += tallest
