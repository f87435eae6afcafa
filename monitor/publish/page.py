"""The status page: one server-rendered document that asks nothing of the outside world."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitor.core.proof import ProofResult
from monitor.core.roundtrip import RoundtripStatus
from monitor.core.status import Diagnosis, EdgeStatus, MaillogStatus, PathStatus, TargetStatus
from monitor.core.verdicts import Agreement, Hop
from monitor.publish.gauges import admin_state, mail_servers
from monitor.publish.markup import Markup, tag, together
from monitor.publish.picture import HopPicture, Level, level_of, level_of_server, picture

REFRESH_SECONDS = 5
# Relative, so that the page also works behind a proxy that puts it under a prefix.
_LINKS = ("metrics", "healthz", "config", "api/v1/status")
_MARKS = {Level.OK: "●", Level.WARN: "▲", Level.BAD: "✕", Level.UNKNOWN: "?"}
_HEALTH = {"pass": Level.OK, "warn": Level.WARN, "fail": Level.BAD}
# One kind of evidence is enough to prove; one that says otherwise must be seen.
_WORST_FIRST = (ProofResult.DISPROVEN, ProofResult.PROVEN, ProofResult.UNPROVEN)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def render(statuses: Sequence[PathStatus]) -> bytes:
    """Give the whole page, in UTF-8."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="refresh", content=str(REFRESH_SECONDS)),
        tag("title", _title(statuses)),
        tag("link", rel="icon", href="static/icon.svg"),
        tag("link", rel="stylesheet", href="static/status.css"),
    )
    links = [tag("a", f"/{link}", href=link) for link in _LINKS]
    body = tag(
        "body",
        tag("header", tag("h1", "mailpath")),
        tag("main", *map(_path, statuses)) if statuses else tag("main", tag("p", "No path is configured.")),
        tag("footer", tag("nav", *links, aria_label="Endpoints")),
    )
    text = "<!doctype html>\n" + tag("html", head, body, lang="en")
    # A peer's name may hold surrogates; they must not cost the whole page.
    return text.encode("utf-8", "replace")


def duration(seconds: float) -> str:
    """Write a duration as people say it: ``340 ms``, ``12 s``, ``3 min``, ``2 h``, ``4 d``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two digits are enough


def _title(statuses: Sequence[PathStatus]) -> str:
    broken = [f"{path.name}: {path.diagnosis.hop}" for path in statuses if path.diagnosis.hop is not Hop.NONE]
    return f"✕ {', '.join(broken)} - mailpath" if broken else "mailpath"


def _path(path: PathStatus) -> Markup:
    moment = datetime.fromtimestamp(path.at, UTC)
    heading = tag(
        "h2",
        tag("span", path.name),
        _badge(_HEALTH[path.health.status], path.health.status),
        tag("time", f"{moment:%Y-%m-%d %H:%M:%S} UTC", datetime=moment.isoformat(timespec="seconds")),
    )
    return tag(
        "section",
        heading,
        _diagnosis(path.diagnosis),
        tag("ol", *map(_hop, picture(path)), class_="picture"),
        _matrix(path),
        *(_edge(edge, path) for edge in path.edges),
        _maillog(path.maillog) if path.maillog is not None else Markup(),
        _roundtrip(path.roundtrip, path.at) if path.roundtrip is not None else Markup(),
        _findings(path),
    )


def _badge(level: Level, *text: str) -> Markup:
    # The mark says the same as the colour, for those who do not see it.
    return tag("span", tag("span", _MARKS[level], class_="mark", aria_hidden="true"), *text, class_=f"badge {level}")


def _diagnosis(diagnosis: Diagnosis) -> Markup:
    level = Level.OK if diagnosis.hop is Hop.NONE else Level.BAD
    parts = [tag("p", _badge(level, diagnosis.hop), " ", diagnosis.summary, class_="summary")]
    if diagnosis.evidence:
        parts.append(_list("Evidence", diagnosis.evidence))
    if diagnosis.remedy:
        parts.append(tag("p", "Next: ", tag("code", diagnosis.remedy)))
    if diagnosis.effects:
        parts.append(_list("Effects", diagnosis.effects))
    if diagnosis.others:
        parts.append(_list("Also", diagnosis.others))
    return tag("div", *parts, class_=f"diagnosis {level}", role="status")


def _list(title: str, items: Iterable[str]) -> Markup:
    return together(tag("h3", title), tag("ul", *(tag("li", item) for item in items)))


def _hop(hop: HopPicture) -> Markup:
    members = [tag("li", _badge(member.level, member.name), tag("small", member.detail)) for member in hop.members]
    return tag("li", tag("h3", hop.title), tag("ul", *members), class_=f"hop {hop.level}")


def _matrix(path: PathStatus) -> Markup:
    by_place = {(status.target.node, status.target.service): status for status in path.handshakes}
    checks = {(status.target.node, status.target.service): status for status in path.checks}
    services = list(dict.fromkeys(service for _, service in by_place))
    rows = [
        [tag("th", node, scope="row")]
        + [_cell(by_place.get((node, service)), checks.get((node, service))) for service in services]
        for node in dict.fromkeys(node for node, _ in by_place)
    ]
    return _table("Handshakes by node and service", ["node", *services], rows)


def _cell(status: TargetStatus | None, check: TargetStatus | None) -> Markup:
    if status is None:
        return tag("td", "-")
    notes = []
    if status.last is not None and not status.stale:
        notes.append(duration(status.last.finished - status.last.started))
    if status.agreement not in {None, Agreement.AGREE, Agreement.UNKNOWN}:
        notes.append(str(status.agreement))
    if check is not None and check.up is False:
        notes.append("check down")
    if status.proofs and status.verdict.up:
        results = {proof.result for proof in status.proofs}
        notes.append(f"client IP {next(each for each in _WORST_FIRST if each in results)}")
    failure = status.last.judgement.failure if status.last is not None else None
    failed = [f"{failure.phase}: {failure.reason} {failure.detail}"] if failure is not None else []
    why = "\n".join((*failed, *(proof.words for proof in status.proofs)))
    return tag("td", _badge(level_of(status.verdict), status.verdict), tag("small", " · ".join(notes)), title=why)


def _edge(edge: EdgeStatus, path: PathStatus) -> Markup:
    parts = [tag("h3", f"Edge {edge.name} ({edge.address})")]
    if edge.asked:
        known = [_known("SSH", up=edge.ssh_up), " ", _known("HAProxy", up=edge.haproxy_up)]
        if edge.info is not None:
            known.append(f" {edge.info.version}, up for {duration(edge.info.uptime_seconds)}")
        if edge.reason:
            known.append(f" {edge.reason}")
        parts.append(tag("p", *known))
    rows = [
        [
            tag("th", door.target.service, scope="row"),
            tag("td", str(door.port)),
            _cell(door, None),
        ]
        for door in edge.front_doors
    ]
    parts.append(_table("Front door", ["service", "port", "verdict"], rows))
    servers = [
        [
            tag("th", server.backend, scope="row"),
            tag("td", server.name),
            tag("td", server.address),
            tag("td", _badge(level_of_server(server), server.state)),
            tag("td", admin_state(server.admin)),
            tag("td", duration(server.since_change)),
        ]
        for server in mail_servers(edge.servers, path.services)
    ]
    parts.append(_table("HAProxy servers", ["backend", "server", "address", "state", "admin", "for"], servers))
    return tag("section", *parts)


def _known(what: str, *, up: bool | None) -> Markup:
    if up is None:
        return _badge(Level.UNKNOWN, f"{what} unknown")
    return _badge(Level.OK, f"{what} up") if up else _badge(Level.BAD, f"{what} down")


def _maillog(maillog: MaillogStatus) -> Markup:
    lag = f" newest line {duration(maillog.lag)} old" if maillog.lag is not None else ""
    text = f" {maillog.reason}" if maillog.reason else lag
    return tag("section", tag("h3", f"Mail log ({maillog.source})"), tag("p", _known("source", up=maillog.up), text))


def _roundtrip(status: RoundtripStatus, now: float) -> Markup:
    last = status.last
    if last is None:
        text = _badge(Level.UNKNOWN, "none reported yet")
    else:
        level = Level.OK if last.success and not last.via_backup else Level.WARN if last.success else Level.BAD
        logged = f"; the mail log has that address at {status.logged_as}" if status.logged_as else ""
        text = together(
            _badge(level if status.overdue is None else Level.UNKNOWN, last.words.partition(":")[0]),
            f" {duration(max(0.0, now - last.at))} ago {last.detail}{logged}",
        )
    return tag("section", tag("h3", "Roundtrip"), tag("p", text))


def _findings(path: PathStatus) -> Markup:
    if not path.findings:
        return Markup()
    return tag(
        "section", _list("Findings", (f"{f.severity}: {f.subject}: {f.message} {f.remedy}" for f in path.findings))
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Markup]]) -> Markup:
    if not rows:
        return Markup()
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
    body = tag("tbody", *(tag("tr", *row) for row in rows))
    return tag("div", tag("table", tag("caption", title), head, body), class_="scroll")
