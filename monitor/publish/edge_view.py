"""What stands beside the matrix: each edge with HAProxy's servers, the mail log, and what must be refused."""

from collections.abc import Iterator

from monitor.core.haproxy import HaproxyServer
from monitor.core.roundtrip import RoundtripStatus
from monitor.core.status import EdgeStatus, NegativeStatus, PathStatus
from monitor.publish.gauges import mail_servers
from monitor.publish.markup import Markup, tag, together
from monitor.publish.picture import Level, level_of_roundtrip, level_of_server
from monitor.publish.words import badge, breakable, card, duration, moment

_COLUMNS = ("backend", "server", "state", "admin", "for")


def edge_view(edge: EdgeStatus, path: PathStatus) -> Markup:
    """Give the card of an edge."""
    title = f"Edge {edge.name} ({edge.address})"
    if not edge.asked:
        return card(title, tag("p", "Judged by its front door alone."))
    known = [badge_of("SSH", up=edge.ssh_up), " ", badge_of("HAProxy", up=edge.haproxy_up), " "]
    if edge.info is not None:
        uptime = edge.info.uptime_seconds
        age = "" if uptime is None else f", up for {duration(uptime)}"
        known.append(tag("small", f"{edge.info.version or 'version unknown'}{age}"))
    if edge.reason:
        known.append(tag("span", edge.reason))
    servers = mail_servers(edge.servers, path.services)
    return card(title, tag("p", *known, class_="known"), _servers(servers) if servers else "")


def watched_view(path: PathStatus) -> Markup:
    """Give the card of what else is watched: the mail log, the roundtrip, what must be refused."""
    rows = list(_watched(path))
    if not rows:
        return Markup()
    pairs = [part for name, text in rows for part in (tag("dt", name), tag("dd", text))]
    return card("Also watched", tag("dl", *pairs))


def badge_of(what: str, *, up: bool | None) -> Markup:
    """Write whether something is up."""
    if up is None:
        return badge(Level.UNKNOWN, f"{what} unknown".strip())
    return badge(Level.OK, f"{what} up".strip()) if up else badge(Level.BAD, f"{what} down".strip())


def _watched(path: PathStatus) -> Iterator[tuple[str, Markup]]:
    log = path.maillog
    if log is not None:
        lag = f"newest line {duration(log.lag)} old" if log.lag is not None else ""
        yield f"Mail log ({log.source})", together(badge_of("", up=log.up), " ", tag("small", log.reason or lag))
    if path.cluster is not None:
        yield "Kubernetes", together(badge_of("API", up=path.cluster.up), " ", tag("small", path.cluster.reason))
    if path.roundtrip is not None:
        yield "Roundtrip", _roundtrip(path.roundtrip, path.at)
    for negative in path.negatives:
        yield f"{negative.target.probe} {negative.target.service}".replace("_", " "), _negative(negative)
    if path.elected is not None:
        yield "This replica", together("leads" if path.elected else "stands by")


def _roundtrip(status: RoundtripStatus, now: float) -> Markup:
    last = status.last
    if last is None:
        return badge(Level.UNKNOWN, "none reported yet")
    level = Level.UNKNOWN if status.overdue is not None else level_of_roundtrip(last)
    logged = f"; the mail log has that address at {status.logged_as}" if status.logged_as else ""
    ago = duration(max(0.0, now - last.at))
    return together(badge(level, last.words.partition(":")[0]), tag("small", f" {ago} ago {last.detail}{logged}"))


def _negative(status: NegativeStatus) -> Markup:
    if status.refused is None:
        return badge(Level.UNKNOWN, status.reason or "not tried yet")
    when = together(" ", moment(status.at)) if status.at is not None else Markup()
    if status.refused:
        return together(badge(Level.OK, "refused, as it must be"), tag("small", when))
    return together(badge(Level.BAD, "accepted"), f" {status.reply}", tag("small", when))


def _servers(servers: list[HaproxyServer]) -> Markup:
    fine = sum(level_of_server(server) is Level.OK for server in servers)
    rows = [
        tag(
            "tr",
            tag("th", breakable(server.backend), scope="row"),
            tag("td", server.name),
            tag("td", badge(level_of_server(server), server.state)),
            tag("td", server.admin.mode),
            tag("td", duration(server.since_change)),
        )
        for server in servers
    ]
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in _COLUMNS)))
    table = tag("table", tag("caption", "HAProxy's servers", class_="hidden"), head, tag("tbody", *rows))
    summary = tag("summary", f"HAProxy's servers: {fine} of {len(servers)} running")
    scroll = tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="HAProxy's servers")
    if fine == len(servers):
        return tag("details", summary, scroll)
    return tag("details", summary, scroll, open="")
