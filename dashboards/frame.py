"""What every dashboard has: variables for datasource, path and runbook, links, annotations, rows that fill the grid."""

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.panels import DATASOURCE, Panel, link
from dashboards.queries import of_path
from monitor.publish import catalogue
from monitor.publish.alerting.promql import select

TAG = "mailpath"
RUNBOOK = "https://mailpath.example.org/docs/runbook"


class Row(NamedTuple):
    """A title, and panels from left to right that fill the 24 columns of the grid, once or several times."""

    title: str
    panels: Sequence[Panel]


class Annotation(AnnotationQuery, Builder[AnnotationQuery]):
    """What Prometheus' annotations have beyond the SDK's: how an event is called and described."""

    def __init__(self, name: str, colour: str, expr: str, title: str, text: str) -> None:
        """Show a region wherever the expression gives something; ``{{label}}`` in title and text is filled in."""
        super().__init__(name=name, datasource=DATASOURCE, icon_color=colour, expr=expr)
        self._format = {"titleFormat": title, "textFormat": text, "step": "30s"}

    def to_json(self) -> dict[str, object]:
        """Give it as Grafana takes it."""
        return super().to_json() | self._format

    def build(self) -> AnnotationQuery:
        """Be a builder too."""
        return self


def board(
    title: str, uid: str, about: str, rows: Sequence[Row], *variables: Builder[VariableModel], watches_path: bool = True
) -> Dashboard:
    """Build a dashboard; ``watches_path`` says whether it is about one path, which is then to be chosen."""
    frame = builders.Dashboard(title).uid(uid).description(about).tags([TAG]).editable().timezone("browser")
    frame.time("now-6h", "now").refresh("30s").tooltip(DashboardCursorSync.CROSSHAIR).version(1)
    frame.with_variable(builders.DatasourceVariable("datasource").label("Datasource").type("prometheus"))
    if watches_path:
        frame.with_variable(choice("path", "Path", select(catalogue.DIAGNOSIS), "path"))
        frame.annotations(list(_annotations()))
    for variable in variables:
        frame.with_variable(variable)
    frame.with_variable(builders.TextBoxVariable("runbook").label("Runbook pages").default_value(RUNBOOK))
    frame.link(_others()).link(link("Runbook", "${runbook}"))
    for row in rows:
        frame.with_row(builders.Row(row.title))
        for panel in row.panels:
            frame.with_panel(panel)
    built = frame.build()
    for number, placed in enumerate(built.panels or (), 1):
        placed.id_val = number
    if built.templating is not None:
        for offered in built.templating.list_val or ():
            # The SDK writes an interval variable's settings into all of them, and Grafana's schema has none.
            offered.auto = offered.auto_min = offered.auto_count = None
    return built


def choice(name: str, label: str, selector: str, of: str, *, first: str | None = None) -> builders.QueryVariable:
    """Give a variable that offers a label's values; ``first`` is chosen at first, otherwise the first that comes."""
    variable = builders.QueryVariable(name).label(label).datasource(DATASOURCE).query(f"label_values({selector}, {of})")
    if first is not None:
        variable.current(VariableOption(selected=True, text=first, value=first))
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def choices(name: str, label: str, selector: str, of: str) -> builders.QueryVariable:
    """Give a variable of which any number can be chosen, and at first all are."""
    variable = choice(name, label, selector, of).multi(True).include_all(True).all_value(".*")  # noqa: FBT003
    return variable.current(VariableOption(selected=True, text=["All"], value=["$__all"]))


def _others() -> builders.DashboardLink:
    others = builders.DashboardLink("mailpath").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return others.include_vars(True).keep_time(True)  # noqa: FBT003 - the SDK's own form


def _annotations() -> tuple[Annotation, ...]:
    hop = of_path("max", catalogue.DIAGNOSIS, ("hop",), hop=("!=", "none"))
    verdict = of_path("max", catalogue.VERDICT, ("node", "service", "verdict"), verdict=("!~", "ok|unknown"))
    announced = of_path("max", catalogue.MAINTENANCE, ("path",))
    return (
        Annotation("Announced work", "blue", f"{announced} == 1", "announced work", "Somebody has said that it is so."),
        Annotation("Broken hop", "red", f"{hop} == 1", "{{hop}}", "The diagnosis names this hop."),
        Annotation(
            "Verdicts",
            "orange",
            f"count by (service, verdict) ({verdict} == 1)",
            "{{service}}: {{verdict}}",
            "From the change of the verdict on some node until it changed again.",
        ),
    )
