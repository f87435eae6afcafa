"""What is known at one moment, as gauges and state sets: a pure function of the paths' statuses.

What is not known is absent, never 0: an alert must tell "down" from "no idea".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from monitor.core.edge import EdgeObservation
from monitor.core.haproxy import AdminMode, HaproxyServer, ServerState, same_backend
from monitor.core.model import Service
from monitor.core.proof import ProofResult
from monitor.core.roundtrip import RoundtripStatus
from monitor.core.status import ClusterStatus, Drift, EdgeStatus, PathStatus, TargetStatus
from monitor.core.verdicts import Agreement, Hop, Verdict
from monitor.publish import catalogue
from monitor.publish.families import Family, Labels, StateSet
from monitor.wire.haproxy_answer import COMMANDS
from monitor.wire.haproxy_stats import without_free_slots

# The states of each state set.
_STATES: dict[Family, tuple[str, ...]] = {
    catalogue.VERDICT: tuple(Verdict),
    catalogue.FRONT_DOOR_VERDICT: tuple(Verdict),
    catalogue.LB_AGREEMENT: tuple(Agreement),
    catalogue.DIAGNOSIS: tuple(Hop),
    catalogue.HAPROXY_SERVER_STATE: tuple(ServerState),
    catalogue.HAPROXY_SERVER_ADMIN_STATE: tuple(AdminMode),
}


class Gauges:
    """Rows by family: gauges, and state sets."""

    def __init__(self) -> None:
        """Begin without any."""
        self.values: defaultdict[Family, dict[Labels, float]] = defaultdict(dict)
        self.sets: dict[Family, StateSet] = {}

    def state(self, family: Family, labels: Labels, current: str) -> None:
        """Add a row to a state set."""
        known = self.sets.get(family)
        if known is None:
            known = self.sets[family] = StateSet(_STATES[family], {})
        known.current[labels] = current


def gauges(statuses: Iterable[PathStatus]) -> Gauges:
    """Give the rows of every gauge that the statuses speak of."""
    out = Gauges()
    for path in statuses:
        add(out, path)
    return out


def add(out: Gauges, path: PathStatus) -> None:
    """Add all that a path's status says."""
    for check in path.checks:
        _up(out, catalogue.CHECK_UP, check)
    for handshake in path.handshakes:
        _handshake(out, handshake)
    for edge in path.edges:
        _edge(out, path, edge)
    for door in path.front_doors:
        _front_door(out, door)
    if path.maillog is not None:
        labels = (path.name, path.maillog.source)
        _known(out, catalogue.MAILLOG_UP, labels, path.maillog.up)
        _known(out, catalogue.MAILLOG_LAG, labels, path.maillog.lag)
        _known(out, catalogue.MAILLOG_DEFERRED_MESSAGES, labels, path.maillog.stuck)
        _known(out, catalogue.MAILLOG_OLDEST_DEFERRED, labels, path.maillog.oldest_stuck)
    for negative in path.negatives:
        asked = negative.target
        _known(out, catalogue.NEGATIVE_PROBE_REFUSED, (asked.path, asked.probe, asked.service), negative.refused)
    _cluster(out, path.name, path.cluster)
    _findings(out, path)
    if path.roundtrip is not None:
        _roundtrip(out, (path.name,), path.roundtrip)
    _known(out, catalogue.LEADING, (path.name,), path.elected)
    out.values[catalogue.MAINTENANCE][path.name,] = float(path.maintenance is not None)
    out.state(catalogue.DIAGNOSIS, (path.name,), path.diagnosis.hop)
    out.values[catalogue.UNEXPLAINED_TARGETS][path.name,] = float(len(path.diagnosis.unexplained))


def mail_servers(servers: Iterable[HaproxyServer], services: Sequence[Service]) -> list[HaproxyServer]:
    """The servers of the path's own backends: a firewall's HAProxy often serves others too."""
    return [
        each
        for each in without_free_slots(servers)
        if any(same_backend(service.backend, each.backend) for service in services)
    ]


def _known(out: Gauges, family: Family, labels: Labels, value: float | None) -> None:
    if value is not None:
        out.values[family][labels] = float(value)


def _findings(out: Gauges, path: PathStatus) -> None:
    for finding in path.findings:
        if isinstance(finding, Drift):
            if finding.acknowledged:
                continue
            out.values[catalogue.CONFIG_DRIFT][path.name, finding.subject, finding.kind] = 1.0
        out.values[catalogue.FINDING][path.name, finding.severity, finding.kind, finding.subject] = 1.0


def _cluster(out: Gauges, path: str, status: ClusterStatus | None) -> None:
    if status is None:
        return
    _known(out, catalogue.KUBERNETES_UP, (path,), status.up)
    if status.current is not None:
        # the one that is followed, by its name
        for cronjob in status.current.cronjobs or ():
            _known(out, catalogue.CRONJOB_LAST_SCHEDULE, (path,), cronjob.last_schedule)
            _known(out, catalogue.CRONJOB_LAST_SUCCESS, (path,), status.last_success)
    for port, listening in status.current.listeners.items() if status.current is not None else ():
        out.values[catalogue.LISTENER_UP][path, str(port)] = float(listening)


def _roundtrip(out: Gauges, labels: Labels, status: RoundtripStatus) -> None:
    _known(out, catalogue.ROUNDTRIP_LAST_SUCCESS, labels, status.last_success)
    last = status.last
    if last is not None and status.overdue is None:
        _known(out, catalogue.ROUNDTRIP_SUCCESS, labels, last.success)
        _known(out, catalogue.ROUNDTRIP_DURATION, labels, last.duration)
        _known(out, catalogue.ROUNDTRIP_VIA_BACKUP, labels, last.via_backup if last.success else None)


def _labels(status: TargetStatus) -> Labels:
    target = status.target
    return (target.path, target.node, target.service)


def _up(out: Gauges, family: Family, status: TargetStatus) -> None:
    # A stale "up" is no knowledge any more; the verdict says unknown at the same moment.
    _known(out, family, _labels(status), None if status.stale else status.up)


def _handshake(out: Gauges, status: TargetStatus) -> None:
    _up(out, catalogue.HANDSHAKE_UP, status)
    out.state(catalogue.VERDICT, _labels(status), status.verdict)
    if status.agreement is not None:
        out.state(catalogue.LB_AGREEMENT, _labels(status), status.agreement)
    _client_ip(out, status)
    _tls(out, status)


def _front_door(out: Gauges, status: TargetStatus) -> None:
    _up(out, catalogue.FRONT_DOOR_UP, status)
    out.state(catalogue.FRONT_DOOR_VERDICT, _labels(status), status.verdict)
    _client_ip(out, status)
    _tls(out, status)


def _client_ip(out: Gauges, status: TargetStatus) -> None:
    for proof in status.proofs:
        if proof.result is not ProofResult.UNPROVEN:
            labels = (*_labels(status), proof.evidence)
            _known(out, catalogue.CLIENT_IP_RECOVERED, labels, proof.result is ProofResult.PROVEN)


def _tls(out: Gauges, status: TargetStatus) -> None:
    facts = status.tls
    if facts is not None:
        path, node, service = _labels(status)
        _known(out, catalogue.CERTIFICATE_NOT_AFTER, (path, service, node), facts.not_after)
        out.values[catalogue.TLS_INFO][path, service, node] = 1.0
        out.values[catalogue.TLS_VERSION_INFO][path, service, node, facts.version, facts.cipher] = 1.0


def _edge(out: Gauges, path: PathStatus, edge: EdgeStatus) -> None:
    labels = (path.name, edge.name)
    _known(out, catalogue.EDGE_UP, labels, edge.ssh_up)
    _host(out, labels, edge.host)
    _known(out, catalogue.HAPROXY_UP, labels, edge.haproxy_up)
    if edge.haproxy_up:
        _known(out, catalogue.HAPROXY_SCRAPE_DURATION, labels, edge.scrape_seconds)
        for command in COMMANDS:
            unread = edge.dropped[command].count if command in edge.dropped else 0
            out.values[catalogue.HAPROXY_UNREAD_ROWS][*labels, command] = float(unread)
        _haproxy_servers(out, labels, edge, path.services)


def _host(out: Gauges, labels: Labels, host: EdgeObservation | None) -> None:
    frontends, redirects = (None, None) if host is None else (host.frontends, host.redirects)
    for port, frontend in (frontends or {}).items():
        out.values[catalogue.FRONTEND_LISTENING][*labels, str(port)] = float(frontend.bound)
    for port, redirect in (redirects or {}).items():
        out.values[catalogue.NAT_REDIRECT_OK][*labels, str(port)] = float(redirect.ok)
    _known(out, catalogue.EDGE_BACKUP, labels, None if host is None else host.backup)


def _haproxy_servers(out: Gauges, edge_labels: Labels, edge: EdgeStatus, services: Sequence[Service]) -> None:
    stats = {(stat.proxy, stat.name): stat for stat in edge.stats}
    for server in mail_servers(edge.servers, services):
        labels = (*edge_labels, server.backend, server.name)
        out.state(catalogue.HAPROXY_SERVER_STATE, labels, server.state)
        out.state(catalogue.HAPROXY_SERVER_ADMIN_STATE, labels, server.admin.mode)
        out.values[catalogue.HAPROXY_SERVER_LAST_CHANGE][labels] = float(server.since_change)
        stat = stats.get((server.backend, server.name))
        if stat is not None:
            _known(out, catalogue.HAPROXY_SERVER_CHECK_FAILED, labels, stat.failed_checks)
            _known(out, catalogue.HAPROXY_BACKEND_SESSIONS, labels, stat.current_sessions)
