"""The picture of the path: its hops from NAT to the mailbox, each with the state of its members."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from monitor.core.edge import RedirectState
from monitor.core.haproxy import HaproxyServer, same_backend
from monitor.core.proof import EvidenceKind, ProofResult
from monitor.core.roundtrip import Roundtrip
from monitor.core.status import EdgeStatus, PathStatus, TargetStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.publish.gauges import mail_servers


class Level(StrEnum):
    """How a thing stands, in the words of a traffic light; best first."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    BAD = "bad"


class Member(NamedTuple):
    """One thing within a hop: its level, its name and what there is to say of it."""

    level: Level
    name: str
    detail: str


class HopPicture(NamedTuple):
    """One hop: its title, its members, and the level of the worst."""

    title: str
    members: tuple[Member, ...]

    @property
    def level(self) -> Level:
        """The worst of the members; of none, unknown."""
        order = tuple(Level)
        return max((member.level for member in self.members), key=order.index, default=Level.UNKNOWN)


def level_of(verdict: Verdict) -> Level:
    """Give the level of a verdict; a lost client IP is no lesser fault than an outage, it is one that nobody sees."""
    match verdict:
        case Verdict.OK:
            return Level.OK
        case Verdict.SLOW:
            return Level.WARN
        case Verdict.UNKNOWN:
            return Level.UNKNOWN
        case _:
            return Level.BAD


def level_of_server(server: HaproxyServer) -> Level:
    """Give the level of a HAProxy server; taken out by hand is a warning."""
    if server.taken_out:
        return Level.WARN
    return Level.OK if server.takes_clients else Level.BAD


def level_of_diagnosis(path: PathStatus) -> Level:
    """Give the level of a path's diagnosis: bad is what users of mail feel, a warning what they will feel next."""
    match path.diagnosis.hop:
        case Hop.NONE:
            return Level.OK
        case Hop.MONITOR:
            return Level.UNKNOWN
        case _:
            return Level.BAD if path.health.status == "fail" else Level.WARN


def level_of_roundtrip(trip: Roundtrip) -> Level:
    """Give the level of a roundtrip; a message that the backup MX brought came, but not by the path."""
    if not trip.success:
        return Level.BAD
    return Level.WARN if trip.via_backup else Level.OK


def picture(path: PathStatus) -> tuple[HopPicture, ...]:
    """Draw the path from NAT inwards; a hop of which nothing is configured is left out."""
    hops = (
        HopPicture("NAT", tuple(member for edge in path.edges for member in _nat(edge, several=len(path.edges) > 1))),
        HopPicture("Edge", tuple(map(_edge, path.edges))),
        HopPicture("Frontends", tuple(_door(door, several=len(path.edges) > 1) for door in path.front_doors)),
        HopPicture("Backends", tuple(_backends(path))),
        HopPicture("Nodes", tuple(_grouped(path.handshakes, "node"))),
        HopPicture("Listeners", tuple(_listeners(path))),
        HopPicture("Client IP", tuple(_proofs(path.handshakes, path.front_doors))),
        HopPicture("Mailbox", tuple(_mailbox(path))),
    )
    return tuple(hop for hop in hops if hop.members)


def _nat(edge: EdgeStatus, *, several: bool) -> Iterator[Member]:
    redirects = edge.host.redirects if edge.host is not None else None
    for redirect in (redirects or {}).values():
        name = f"{edge.name} :{redirect.port}" if several else f":{redirect.port}"
        if redirect.ok:
            yield Member(Level.WARN if redirect.passed is False else Level.OK, name, f"to {edge.address}")
        else:
            level = Level.WARN if redirect.state is RedirectState.PARTLY else Level.BAD
            yield Member(level, name, f"to {', '.join(redirect.wrong)}" if redirect.wrong else "not redirected")


def _edge(edge: EdgeStatus) -> Member:
    if not edge.asked:
        return _host(edge)
    if edge.haproxy_up:
        version = edge.info.version if edge.info is not None else None
        return Member(Level.OK, edge.name, f"HAProxy {version or 'up'}")
    if edge.ssh_up is None or (edge.ssh_up and edge.haproxy_up is None):
        return Member(Level.UNKNOWN, edge.name, edge.reason)
    return Member(Level.BAD, edge.name, f"HAProxy {edge.haproxy_said}" if edge.ssh_up else "SSH does not answer")


def _host(edge: EdgeStatus) -> Member:
    """Show an edge whose HAProxy has no stats socket by what listens on its address."""
    if edge.ssh_up is False:
        return Member(Level.BAD, edge.name, "SSH does not answer")
    if edge.host is None or edge.host.frontends is None:
        return Member(Level.UNKNOWN, edge.name, "judged by its front door")
    bound = any(frontend.bound for frontend in edge.host.frontends.values())
    return Member(
        Level.OK if bound else Level.BAD, edge.name, "HAProxy listens" if bound else "HAProxy does not listen"
    )


def _door(door: TargetStatus, *, several: bool) -> Member:
    name = f"{door.target.node} {door.target.service}" if several else door.target.service
    return Member(level_of(door.verdict), f"{name} :{door.port}", door.verdict)


def _backends(path: PathStatus) -> Iterator[Member]:
    servers = [server for edge in path.edges for server in mail_servers(edge.servers, path.services)]
    for service in path.services:
        own = [server for server in servers if same_backend(service.backend, server.backend)]
        if own:
            running = [server for server in own if level_of_server(server) is Level.OK]
            yield Member(_share(len(running), len(own)), service.backend, f"{len(running)} of {len(own)} running")


def _listeners(path: PathStatus) -> Iterator[Member]:
    ports = {service.name: service.listener_port for service in path.services}
    for member in _grouped(path.handshakes, "service"):
        port = ports.get(member.name)
        yield member if port is None else member._replace(name=f"{member.name} :{port}")


def _proofs(handshakes: Sequence[TargetStatus], doors: Sequence[TargetStatus]) -> Iterator[Member]:
    for name, statuses in (("nodes", handshakes), ("front door", doors)):
        for evidence in EvidenceKind:
            results = [proof.result for each in statuses for proof in each.proofs if proof.evidence is evidence]
            if results:
                yield Member(_level_of_proofs(results), f"{name}, by {evidence}", _told(results))


def _level_of_proofs(results: Sequence[ProofResult]) -> Level:
    if ProofResult.DISPROVEN in results:
        return Level.BAD
    return Level.OK if ProofResult.PROVEN in results else Level.UNKNOWN


def _told(results: Sequence[ProofResult]) -> str:
    first, *others = [f"{results.count(result)} {result}" for result in ProofResult if result in results]
    count, word = first.split()
    return ", ".join((f"{count} of {len(results)} {word}", *others))


def _mailbox(path: PathStatus) -> Iterator[Member]:
    if path.roundtrip is None:
        return
    last = path.roundtrip.last
    if last is None:
        yield Member(Level.UNKNOWN, "roundtrip", "none reported yet")
    elif path.roundtrip.overdue is not None:
        yield Member(Level.UNKNOWN, "roundtrip", "overdue")
    else:
        yield Member(level_of_roundtrip(last), "roundtrip", last.words.partition(":")[0].lower())


def _grouped(handshakes: Iterable[TargetStatus], label: str) -> Iterator[Member]:
    groups: dict[str, list[TargetStatus]] = {}
    for status in handshakes:
        groups.setdefault(getattr(status.target, label), []).append(status)
    for name, group in groups.items():
        levels = [level_of(status.verdict) for status in group]
        fine = sum(level in {Level.OK, Level.WARN} for level in levels)
        bad = levels.count(Level.BAD)
        level = (Level.WARN if bad < len(levels) else Level.BAD) if bad else _some(levels)
        yield Member(level, name, f"{fine} of {len(group)} fine")


def _some(levels: Sequence[Level]) -> Level:
    return Level.UNKNOWN if Level.UNKNOWN in levels else Level.OK


def _share(fine: int, total: int) -> Level:
    if fine == total:
        return Level.OK
    return Level.WARN if fine else Level.BAD
