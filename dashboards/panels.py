"""The kinds of panels in use, each with one look: a stat, states over time, lines, bars, a heat map, a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMapping,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode, HeatmapColorScale
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.queries import Query
from dashboards.states import GREEN

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel = stat.Panel | statetimeline.Panel | timeseries.Panel | heatmap.Panel | table.Panel
_P = TypeVar("_P", stat.Panel, statetimeline.Panel, timeseries.Panel, heatmap.Panel, table.Panel)
Steps = Sequence[tuple[float, str]]
NAMED = words.BigValueTextMode.VALUE_AND_NAME
NAME = words.BigValueTextMode.NAME


@dataclass(frozen=True, slots=True)
class About:
    """What every panel says of itself, and how large it is on a grid of 24 columns.

    ``text`` tells what is seen and what to do of it; ``page`` is the runbook's page for it, by the alert's name.
    """

    title: str
    text: str
    width: int
    height: int
    page: str = ""
    none: str = "no data"


@dataclass(frozen=True, slots=True)
class Scale:
    """What values mean: a unit of Grafana's, mappings to words, and the colours from certain values on."""

    unit: str = "short"
    mappings: Sequence[ValueMapping] = ()
    steps: Steps = ()
    decimals: int | None = None
    least: float | None = None
    base: str = GREEN


def tiles(
    about: About,
    scale: Scale,
    *queries: Query,
    graph: bool = False,
    text: words.BigValueTextMode = words.BigValueTextMode.AUTO,
) -> stat.Panel:
    """Show the last value of each series, large, on the colour of its state; ``text`` says whether with its name."""
    panel = _drawn(stat.Panel(), about, scale, queries)
    return (
        panel.color_mode(words.BigValueColorMode.BACKGROUND)
        .graph_mode(words.BigValueGraphMode.AREA if graph else words.BigValueGraphMode.NONE)
        .text_mode(text)
        .justify_mode(words.BigValueJustifyMode.CENTER)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(words.VizOrientation.AUTO)
    )


def timeline(about: About, mappings: Sequence[ValueMapping], *queries: Query) -> statetimeline.Panel:
    """Show one line for each target, its states over time in words and colours."""
    panel = _drawn(statetimeline.Panel(), about, Scale("none", mappings), queries)
    return (
        panel.merge_values(True)  # noqa: FBT003 - the SDK's own form
        .show_value(words.VisibilityMode.AUTO)
        .row_height(0.85)
        .fill_opacity(75)
        .line_width(0)
        .legend(_legend())
        .tooltip(_tooltip(words.TooltipDisplayMode.SINGLE))
    )


def lines(about: About, scale: Scale, *queries: Query) -> timeseries.Panel:
    """Show values over time as lines."""
    panel = _drawn(timeseries.Panel(), about, scale, queries)
    if scale.steps:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(words.GraphThresholdsStyleMode.DASHED))
    panel.draw_style(words.GraphDrawStyle.LINE).line_width(2).fill_opacity(8).show_points(words.VisibilityMode.NEVER)
    panel.color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    return panel.legend(_legend()).tooltip(_tooltip(words.TooltipDisplayMode.MULTI))


def bars(about: About, scale: Scale, *queries: Query) -> timeseries.Panel:
    """Show amounts over time as bars upon one another."""
    panel = lines(about, scale, *queries).draw_style(words.GraphDrawStyle.BARS).fill_opacity(70).line_width(0).min(0)
    return panel.stacking(common.StackingConfig().mode(words.StackingMode.NORMAL))


def coloured(panel: timeseries.Panel, colours: Mapping[str, str]) -> timeseries.Panel:
    """Give series of these names colours of their own."""
    for name, colour in colours.items():
        value = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [DynamicConfigValue(id_val="color", value=value)])
    return panel


def heat(about: About, histogram: str) -> heatmap.Panel:
    """Show a histogram of seconds over time: the more often, the warmer."""
    query = Query(histogram, "{{le}}", format=PromQueryFormat.HEATMAP)
    panel = _drawn(heatmap.Panel(), about, Scale("s"), (query,))
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    return (
        panel.calculate(False)  # noqa: FBT003 - the SDK's own form
        .color(colours.scale(HeatmapColorScale.EXPONENTIAL).exponent(0.5).fill("dark-orange").reverse(reverse=False))
        .cell_gap(1)
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .y_axis(heatmap.YAxisConfig().unit("s").axis_placement(words.AxisPlacement.LEFT))
        .rows_frame(heatmap.RowsHeatmapOptions().layout(words.HeatmapCellLayout.AUTO))
        .cell_values(heatmap.CellValues().unit("short"))
        .mode(words.TooltipDisplayMode.SINGLE)
        .hide_legend()
    )


def tabled(about: About, scale: Scale, query: Query) -> table.Panel:
    """Show an answer's labels as a table."""
    return _drawn(table.Panel(), about, scale, (query,)).cell_height(words.TableCellHeight.SM)


def _drawn(panel: _P, about: About, scale: Scale, queries: Sequence[Query]) -> _P:
    """Give a panel what all kinds have in common."""
    panel.title(about.title).description(about.text).span(about.width).height(about.height).datasource(DATASOURCE)
    panel.unit(scale.unit).mappings(list(scale.mappings)).no_value(about.none)
    base = Threshold(color=scale.base)
    steps = [base, *(Threshold(value=value, color=colour) for value, colour in scale.steps)]
    panel.thresholds(builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    panel.color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    if scale.decimals is not None:
        panel.decimals(scale.decimals)
    if scale.least is not None:
        panel.min(scale.least)
    for ref, query in zip("ABCDEFGH", queries, strict=False):
        panel.with_target(query.target(ref).datasource(DATASOURCE))
    if about.page:
        panel.links([link("Runbook", f"${{runbook}}/{about.page}.md")])
    return panel


def link(title: str, url: str) -> builders.DashboardLink:
    """Write a link that opens beside the dashboard."""
    return builders.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)  # noqa: FBT003


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(words.LegendDisplayMode.LIST)
    return legend.placement(words.LegendPlacement.BOTTOM).show_legend(True)  # noqa: FBT003 - the SDK's own form


def _tooltip(mode: words.TooltipDisplayMode) -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(mode).sort(words.SortOrder.DESCENDING)
