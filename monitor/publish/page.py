"""The status page: one server-rendered document that asks nothing of the outside world.

It is whole without a script: then it loads itself anew every few seconds. With ``status.js`` it listens to
``/api/v1/events``, and when there is news it fetches itself and takes over what has changed, so that there is one
renderer and no second one in another language.
"""

from collections.abc import Sequence

from monitor.core.status import PathStatus, TargetStatus
from monitor.core.verdicts import Hop
from monitor.publish.journal import View
from monitor.publish.markup import Markup, tag
from monitor.publish.path_view import path_view
from monitor.publish.picture import Level, level_of_diagnosis
from monitor.publish.rounds import TargetRounds
from monitor.publish.static_files import address
from monitor.publish.target_view import target_view

REFRESH_SECONDS = 5
# Relative, so that the page also works behind a proxy that puts it under a prefix.
_LINKS = ("metrics", "healthz", "config", "api/v1/status", "api/v1/events")

# For a tab in the background, which has neither shape nor colour.
_MARKS = {Level.OK: "●", Level.WARN: "▲", Level.BAD: "✕", Level.UNKNOWN: "?"}


def render(statuses: Sequence[PathStatus], view: View | None = None) -> bytes:
    """Give the whole page, in UTF-8."""
    seen = view if view is not None else View()
    paths = [path_view(path, seen, several=len(statuses) > 1) for path in statuses]
    main = tag("main", *(paths or [tag("p", "No path is configured.")]), id="main")
    live = tag("p", "", id="live", class_="live", role="status")
    header = tag("header", tag("h1", "mailpath"), _index(statuses), live)
    sheet = tag(
        "dialog",
        tag("form", tag("button", "Close"), method="dialog"),
        tag("div", id="sheet-content"),
        id="sheet",
        aria_label="The last rounds of a target",
    )
    return _document(_title(statuses), seen, header, main, _footer(), sheet)


def render_target(path: PathStatus, status: TargetStatus, rounds: TargetRounds, view: View) -> bytes:
    """Give the page of one target: what a click on a cell of the matrix shows."""
    target = status.target
    header = tag("header", tag("h1", tag("a", "mailpath", href="./")))
    main = tag("main", target_view(path, status, rounds), id="main")
    return _document(f"{target.node} {target.service} - mailpath", view, header, main, _footer())


def _document(title: str, view: View, *body: Markup) -> bytes:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("noscript", tag("meta", http_equiv="refresh", content=str(REFRESH_SECONDS))),
        tag("title", title),
        tag("link", rel="icon", href=address("icon.svg")),
        tag("link", rel="stylesheet", href=address("status.css")),
        tag("script", src=address("status.js"), defer=""),
    )
    text = "<!doctype html>\n" + tag("html", head, tag("body", *body), lang="en")
    # A peer's name may hold surrogates; they must not cost the whole page.
    return view.mask(text).encode("utf-8", "replace")


def _title(statuses: Sequence[PathStatus]) -> str:
    worst = max(map(level_of_diagnosis, statuses), key=tuple(Level).index, default=Level.OK)
    told = [f"{path.name}: {path.diagnosis.hop}" for path in statuses if path.diagnosis.hop is not Hop.NONE]
    return f"{_MARKS[worst]} {', '.join(told)} - mailpath" if told else "mailpath"


def _index(statuses: Sequence[PathStatus]) -> Markup:
    if len(statuses) < 2:  # noqa: PLR2004 - one path needs no index
        return Markup()
    return tag("nav", *(tag("a", path.name, href=f"#path-{path.name}") for path in statuses), aria_label="Paths")


def _footer() -> Markup:
    links = [tag("a", f"/{link}", href=link) for link in _LINKS]
    return tag("footer", tag("nav", *links, aria_label="Endpoints"))
