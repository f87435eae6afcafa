"""The matrix: what each service is like at every front door and on every node; each cell leads to its rounds."""

from collections.abc import Mapping
from urllib.parse import urlencode

from monitor.core.kinds import Shown
from monitor.core.proof import ProofResult
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.verdicts import Agreement
from monitor.publish.markup import Markup, tag
from monitor.publish.picture import level_of
from monitor.publish.words import breakable, card, duration, mark

# One kind of evidence is enough to prove; one that says otherwise must be seen.
_WORST_FIRST = (ProofResult.DISPROVEN, ProofResult.PROVEN, ProofResult.UNPROVEN)
_AGREEMENTS = {
    Agreement.LB_UP_PATH_DOWN: "HAProxy still sends clients here",
    Agreement.LB_DOWN_PATH_UP: "HAProxy has taken it out",
    Agreement.LB_ADMIN: "taken out by hand",
}


def matrix(path: PathStatus) -> Markup:
    """Give the matrix of a path."""
    checks = {(each.target.node, each.target.service): each for each in path.checks}
    services = list(dict.fromkeys(each.target.service for each in (*path.front_doors, *path.handshakes, *path.others)))
    ports = {service.name: service.node_port for service in path.services}
    heads = [_head(service, ports.get(service)) for service in services]
    rows: dict[tuple[str, str], dict[str, TargetStatus]] = {}
    for each in (*path.front_doors, *path.handshakes, *path.others):
        kind = "" if each.target.probe.shown is Shown.HANDSHAKE else each.target.probe.replace("_", " ")
        rows.setdefault((each.target.node, kind), {})[each.target.service] = each
    table = tag(
        "table",
        tag("caption", "Front doors and nodes, by service", class_="hidden"),
        tag("thead", tag("tr", tag("td", ""), *heads, role="row"), role="rowgroup"),
        tag("tbody", *(_row(*row, services, found, checks) for row, found in rows.items()), role="rowgroup"),
        class_="matrix",
        role="table",
    )
    return card("Handshakes", table)


def address_of(status: TargetStatus) -> str:
    """Give the relative address of a target's own page; only of a kind that shares its places is the kind named."""
    target = status.target
    labels = {"path": target.path, "node": target.node, "service": target.service}
    if target.probe.shown is Shown.TARGET:
        labels["probe"] = target.probe
    return f"target?{urlencode(labels, errors='replace')}"


def notes_on(status: TargetStatus, check: TargetStatus | None = None) -> list[str]:
    """Say what is remarkable about a target beside its verdict."""
    notes = [_AGREEMENTS[status.agreement]] if status.agreement in _AGREEMENTS else []
    if check is not None and check.up is False:
        notes.append("check down")
    proof = proof_of(status)
    if proof is not None and proof is not ProofResult.PROVEN and status.verdict.up:
        notes.append(f"client IP {proof}")
    return notes


def proof_of(status: TargetStatus) -> ProofResult | None:
    """Give what all evidence of the client IP together says; ``None`` where none is sought."""
    results = {proof.result for proof in status.proofs}
    return next((each for each in _WORST_FIRST if each in results), None)


def _head(service: str, port: int | None) -> Markup:
    return tag(
        "th", service or "path", tag("small", "" if port is None else f" {port}"), scope="col", role="columnheader"
    )


def _row(
    name: str,
    kind: str,
    services: list[str],
    statuses: Mapping[str, TargetStatus],
    checks: Mapping[tuple[str, str], TargetStatus],
) -> Markup:
    head = tag("th", breakable(name), tag("small", f" {kind}" if kind else ""), scope="row", role="rowheader")
    beside = {} if kind else checks
    cells = [_cell(service, statuses.get(service), beside.get((name, service))) for service in services]
    return tag("tr", head, *cells, role="row", class_="door" if kind else "node")


def _cell(service: str, status: TargetStatus | None, check: TargetStatus | None) -> Markup:
    if status is None:
        return tag("td", tag("span", "-", class_="faint"), data_service=service, role="cell")
    level = level_of(status.verdict)
    last = status.last
    took = duration(last.finished - last.started) if last is not None and status.verdict.up else ""
    notes = [tag("small", breakable(note), class_="note") for note in notes_on(status, check)]
    link = tag(
        "a",
        mark(level),
        tag("span", breakable(status.verdict), class_="word"),
        " ",
        tag("small", took, class_="took"),
        *(part for note in notes for part in (" ", note)),
        href=address_of(status),
    )
    return tag("td", link, class_=level, data_service=service, role="cell")
