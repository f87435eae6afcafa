"""A healthy path's status, and everything about it that a test may want to change."""

from collections.abc import Iterator
from dataclasses import replace

from monitor.core.conversation import Conversation, DialogueOutcome, Failure, TlsFacts
from monitor.core.errors import ConfigError
from monitor.core.haproxy import AdminState, HaproxyInfo, HaproxyServer, HaproxyStat, ServerState
from monitor.core.maintenance import Maintenance
from monitor.core.model import MailProtocol, Service, Target
from monitor.core.observations import HaproxyObservation, Judgement, Observation
from monitor.core.roundtrip import Roundtrip
from monitor.core.runbook import Remedy
from monitor.core.status import (
    Diagnosis,
    EdgeStatus,
    Finding,
    Health,
    HealthCheck,
    MaillogStatus,
    PathStatus,
    TargetStatus,
)
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Agreement, Hop, Verdict
from monitor.publish.journal import Journal
from tests import kinds
from tests.views import showing

AT = 1_790_000_000.0
BACKEND = "mailserver_nodes_smtp_ipvANY"
SMTP = Service("smtp", MailProtocol.SMTP, 25, 30125, 2525, 30145, 25, "mailserver_nodes_smtp")
IMAPS = Service("imaps", MailProtocol.IMAPS, 993, 30128, 10993, None, 993, "mailserver_nodes_imaps")
TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", AT + 86400.0, "ab:cd")
REFUSED = Failure(Phase.CONNECT, Reason.REFUSED, "Connection refused")


def target(probe: kinds.ProbeKind = kinds.HANDSHAKE, node: str = "k8s-node1", service: str = "smtp") -> Target:
    """Give a target of the path ``home``."""
    return Target("home", probe, node, service)


def observation(
    asked: Target, verdict: Verdict = Verdict.OK, failure: Failure | None = None, tls: TlsFacts | None = None
) -> Observation:
    """Give a round of a quarter of a second, with its conversation."""
    durations = {Phase.CONNECT: 0.002, Phase.GREETING: 6.01}
    conversation = Conversation(
        started=10.0,
        finished=10.25,
        endpoints=None,
        phases=durations,
        tls=tls,
        outcome=DialogueOutcome("220 mail.example.org ESMTP") if failure is None else None,
        failure=failure,
        events=((0.1, "<", "220 mail.example.org ESMTP"), (0.2, ">", "QUIT")),
    )
    return Observation(
        target=asked,
        started=10.0,
        finished=10.25,
        at=AT,
        judgement=Judgement(verdict, failure),
        durations=durations,
        answered=True,
        tls=tls,
        conversation=conversation,
    )


def target_status(asked: Target, verdict: Verdict = Verdict.OK, port: int = 30125) -> TargetStatus:
    """Give a known, fresh target."""
    handshake = asked.probe is kinds.HANDSHAKE
    return TargetStatus(
        target=asked,
        address="10.0.20.101",
        port=port,
        up=verdict.up,
        stale=False,
        verdict=verdict,
        since=AT - 3600,
        last_success=AT if verdict.up else None,
        age=1.0,
        last=observation(asked, verdict, None if verdict.up else REFUSED, TLS if verdict.up else None),
        agreement=Agreement.AGREE if handshake else None,
        tls=TLS if verdict.up else None,
    )


def unknown(status: TargetStatus) -> TargetStatus:
    """Give the same target before its first result."""
    fresh = replace(status, up=None, stale=True, verdict=Verdict.UNKNOWN, since=None, last_success=None)
    return replace(fresh, age=None, last=None, tls=None)


def server(name: str = "k8s-node1", backend: str = BACKEND) -> HaproxyServer:
    """Give a server that HAProxy believes to be up."""
    return HaproxyServer(backend, name, "10.0.20.101", ServerState.RUNNING, AdminState(0), 1, 120, 6, 3, 4, 6)


def edge() -> EdgeStatus:
    """Give an edge that answers, with one mail server and one of somebody else's."""
    return EdgeStatus(
        name="pfsense",
        address="10.0.20.1",
        ssh_up=True,
        haproxy_up=True,
        scrape_seconds=0.05,
        age=2.0,
        reason="",
        servers=(server(), server("web1", "webfarm_ipvANY")),
        stats=(
            HaproxyStat(BACKEND, "k8s-node1", "UP", 3, 7, 120, "L4OK", ""),
            HaproxyStat(BACKEND, "BACKEND", "UP", 3, None, 120, "", ""),
        ),
        info=HaproxyInfo("2.8.3", 7200, 4, 1000, 77),
    )


def path_status() -> PathStatus:
    """Give the path ``home``: one node, two services, one edge, a mail log, nothing broken."""
    return PathStatus(
        name="home",
        at=AT,
        services=(SMTP, IMAPS),
        targets=(
            target_status(target(kinds.CHECK), port=30145),
            target_status(target()),
            target_status(target(service="imaps"), port=30128),
            target_status(target(kinds.FRONT_DOOR, "pfsense"), port=25),
        ),
        edges=(edge(),),
        maillog=MaillogStatus("file", up=True, lag=0.5, reason=""),
        diagnosis=Diagnosis(Hop.NONE, "Nothing is broken."),
        findings=(),
        health=Health("pass", (HealthCheck("smtp:nodes", "pass", "1 of 1 nodes healthy", "smtp"),)),
    )


def broken_status(text: str = "the listener on 2525 refuses") -> PathStatus:
    """Give the path with smtp's listener down, and ``text`` wherever words can stand."""
    down = target_status(target(), Verdict.LISTENER_DOWN)
    assert down.last is not None
    failure = Failure(Phase.GREETING, Reason.MALFORMED, text)
    last = replace(down.last, judgement=Judgement(Verdict.LISTENER_DOWN, failure))
    healthy = path_status()
    return showing(
        healthy,
        handshakes=(replace(down, last=last, agreement=Agreement.LB_UP_PATH_DOWN), *healthy.handshakes[1:]),
        edges=(replace(edge(), reason=text, haproxy_up=False),),
        maillog=MaillogStatus(text, up=False, lag=None, reason=text),
        diagnosis=Diagnosis(Hop.LISTENER, text, (text,), Remedy(text, text), (text,), (text,)),
        findings=(Finding("warning", text, "drift", text, Remedy(text, text)),),
        health=Health("fail", (HealthCheck("smtp:nodes", "fail", text, "smtp"),)),
    )


def haproxy_round(*servers: HaproxyServer, failure: Failure | None = None) -> HaproxyObservation:
    """Give a round of the edge's HAProxy."""
    return HaproxyObservation(
        path="home",
        edge="pfsense",
        started=10.0,
        finished=10.1,
        at=AT,
        ssh_ok=True,
        servers=servers,
        failure=failure,
        durations={Phase.COMMAND: 0.1},
    )


class FakeBackend:
    """A daemon that knows what it is told."""

    def __init__(self, *statuses: PathStatus) -> None:
        """Know these paths; be alive and ready."""
        self.known = statuses
        self.journal = Journal(lambda: AT)
        self.sickness = ""
        self.is_ready = True
        self.fault: ConfigError | None = None
        self.reloads = 0
        self.probed: list[tuple[str, str, str]] = []
        self.roundtrips: list[Roundtrip] = []
        self.announced: list[Maintenance] = []

    def statuses(self) -> tuple[PathStatus, ...]:
        """Give what is known."""
        return self.known

    def each_status(self) -> Iterator[PathStatus]:
        """Give the same."""
        return iter(self.known)

    def ailment(self) -> str:
        """Tell what was set."""
        return self.sickness

    def ready(self) -> bool:
        """Tell what was set."""
        return self.is_ready

    def config_text(self) -> str:
        """Give a configuration."""
        return "paths:\n- name: home\n  password: <secret>\n"

    async def reload(self) -> None:
        """Count, or raise the fault that was set."""
        if self.fault is not None:
            raise self.fault
        self.reloads += 1

    def roundtrip(self, result: Roundtrip) -> None:
        """Remember it."""
        self.roundtrips.append(result)

    def maintenance(self, announced: Maintenance) -> None:
        """Remember it."""
        self.announced.append(announced)

    async def probe(self, path: str, node: str, service: str, _probe: str = "") -> Observation:
        """Remember who was asked for."""
        self.probed.append((path, node, service))
        return observation(Target(path, kinds.HANDSHAKE, node, service), tls=TLS)
