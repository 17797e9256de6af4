"""From a declared panel to Grafana's, through the SDK's types."""

from collections.abc import Callable, Iterator
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders import (
    alertgroups,
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DataSourceRef, FieldColorModeId, GridPos
from grafana_foundation_sdk.models.dashboard import Panel as GrafanaPanel
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from monitoring.dashboards.board import Position
from monitoring.dashboards.panel import Kind, Panel, Query
from monitoring.dashboards.runbooks import address

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
ALERTMANAGER = DataSourceRef(type_val="alertmanager", uid="alertmanager")


def render(panel: Panel, number: int, position: Position) -> GrafanaPanel:
    """Return the panel as Grafana knows it."""
    builder = _BUILDERS[panel.kind](panel)
    return _described(builder, panel).id(number).grid_pos(_grid(position)).build()  # type: ignore[no-any-return]


def _described(builder: Any, panel: Panel) -> Any:
    """Set what all kinds of panel have; the SDK's builders share these methods, but no type."""
    source = ALERTMANAGER if panel.kind is Kind.ALERTS else PROMETHEUS
    builder = builder.title(panel.title).description(panel.description).datasource(source)
    builder = builder.unit(panel.unit).thresholds(panel.limits.build()).links(list(_links(panel)))
    if panel.kind in (Kind.NUMBER, Kind.STATES):
        builder = builder.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    if panel.top is not None:
        builder = builder.max(panel.top)
    if panel.link:
        title, url = panel.link
        builder = builder.data_links([DashboardLink(title).type(DashboardLinkType.LINK).url(url)])
    return builder.no_value(panel.empty) if panel.empty else builder


def _links(panel: Panel) -> Iterator[DashboardLink]:
    for alert in panel.alerts:
        link = DashboardLink(f"Runbook: {alert}").type(DashboardLinkType.LINK).icon("doc")
        yield link.url(address(alert)).target_blank(target_blank=True)


def _grid(position: Position) -> GridPos:
    return GridPos(x=position.x, y=position.y, w=position.width, h=position.height)


def _targets(panel: Panel, *, format_: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> list[Builder[Dataquery]]:
    return [_target(query, letter, format_) for letter, query in zip(ascii_uppercase, panel.queries, strict=False)]


def _target(query: Query, letter: str, format_: PromQueryFormat) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).legend_format(query.legend).ref_id(letter).format(format_)
    return target.range().exemplar(query.exemplars).datasource(PROMETHEUS)


def _lines(panel: Panel) -> timeseries.Panel:
    drawn = options.GraphTresholdsStyleMode.DASHED if panel.limits.drawn else options.GraphTresholdsStyleMode.OFF
    builder = timeseries.Panel().targets(_targets(panel)).min(0).line_width(1).fill_opacity(30 if panel.stacked else 8)
    builder.show_points(options.VisibilityMode.NEVER).thresholds_style(common.GraphThresholdsStyleConfig().mode(drawn))
    if panel.stacked:
        builder.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    return builder.legend(_legend()).tooltip(_tooltip())


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.TABLE).show_legend(show_legend=True)
    return legend.placement(options.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)


def _number(panel: Panel) -> stat.Panel:
    latest = common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
    builder = stat.Panel().targets(_targets(panel)).reduce_options(latest)
    named = options.BigValueTextMode.VALUE_AND_NAME if len(panel.queries) > 1 else options.BigValueTextMode.AUTO
    return builder.color_mode(options.BigValueColorMode.BACKGROUND).text_mode(named)


def _heatmap(panel: Panel) -> heatmap.Panel:
    builder = heatmap.Panel().targets(_targets(panel, format_=PromQueryFormat.HEATMAP)).calculate(calculate=False)
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    axis = heatmap.YAxisConfig().unit(panel.unit).min(0)
    return builder.color(colours).y_axis(axis).show_legend().show_tooltip().show_y_histogram()


def _states(panel: Panel) -> statetimeline.Panel:
    builder = (
        statetimeline.Panel().targets(_targets(panel)).merge_values(merge_values=True).row_height(0.8).fill_opacity(80)
    )
    return builder.show_value(options.VisibilityMode.NEVER).legend(
        common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST).show_legend(show_legend=False)
    )


def _alerts(_: Panel) -> alertgroups.Panel:
    return alertgroups.Panel().alertmanager("Alertmanager").expand_all(expand_all=True)


def _text(panel: Panel) -> text.Panel:
    return text.Panel().mode(TextMode.MARKDOWN).content(panel.text)


_BUILDERS: dict[Kind, Callable[[Panel], Any]] = {
    Kind.LINES: _lines,
    Kind.NUMBER: _number,
    Kind.HEATMAP: _heatmap,
    Kind.STATES: _states,
    Kind.ALERTS: _alerts,
    Kind.TEXT: _text,
}
