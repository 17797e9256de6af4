"""From a declared dashboard to Grafana's JSON."""

import json

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink, QueryVariable
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    RowPanel,
    VariableModel,
    VariableOption,
    VariableRefresh,
)
from grafana_foundation_sdk.models.dashboard import Panel as GrafanaPanel

from monitoring.dashboards.board import RUNBOOK_TAG, TAG, Board, Row
from monitoring.dashboards.rendering import PROMETHEUS, render

_ANNOTATIONS = (
    ("Alerts", "red", 'ALERTS{alertname!="Watchdog",alertstate="firing"}'),
    (
        "Releases",
        "blue",
        "count by (version) (slipway_build_info) unless count by (version) (slipway_build_info offset 2m)",
    ),
)


def to_json(board: Board) -> str:
    """Return the file of a dashboard: the same text for the same declaration."""
    return json.dumps(assemble(board), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def assemble(board: Board) -> GrafanaDashboard:
    """Return the dashboard as Grafana knows it."""
    builder = Dashboard(board.title).uid(board.uid).description(board.purpose).tags([board.tag]).readonly()
    builder.time("now-1h", "now").refresh("30s").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    builder.annotations([_annotation(*row) for row in _ANNOTATIONS]).variables(_variables(board))
    built = builder.links([_tagged("Dashboards", TAG), _tagged("Runbooks", RUNBOOK_TAG)]).build()
    built.panels = _panels(board)
    return built


def _tagged(title: str, tag: str) -> DashboardLink:
    link = DashboardLink(title).type(DashboardLinkType.DASHBOARDS).tags([tag]).as_dropdown(as_dropdown=True)
    return link.include_vars(include_vars=True).keep_time(keep_time=True)


def _panels(board: Board) -> list[GrafanaPanel | RowPanel]:
    return [
        RowPanel(id_val=number, title=item.title, grid_pos=GridPos(x=place.x, y=place.y, w=place.width, h=place.height))
        if isinstance(item, Row)
        else render(item, number, place)
        for number, (item, place) in enumerate(board.placed(), start=1)
    ]


def _annotation(name: str, colour: str, expression: str) -> AnnotationQuery:
    query = AnnotationQuery().name(name).datasource(PROMETHEUS).enable(enable=True)
    return query.icon_color(colour).expr(expression)


def _variables(board: Board) -> list[Builder[VariableModel]]:
    return [_variable(name, metric) for name, metric in board.variables]


def _variable(name: str, metric: str) -> QueryVariable:
    everything = VariableOption(selected=True, text="All", value="$__all")
    variable = QueryVariable(name).label(name).datasource(PROMETHEUS).query(f"label_values({metric}, {name})")
    variable = variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).multi(multi=True).include_all(include_all=True)
    return variable.all_value(".*").current(everything)
