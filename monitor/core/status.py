"""What is known about a path at one moment: everything that metrics, /healthz, /api/v1/status and the page show.

``verdict`` makes these from observations; ``publish`` only renders them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from monitor.core.conversation import Failure, TlsFacts
from monitor.core.edge import EdgeObservation
from monitor.core.haproxy import Dropped, HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.kinds import Shown
from monitor.core.kube import Cluster
from monitor.core.maintenance import Maintenance
from monitor.core.model import Service, Target
from monitor.core.observations import Observation
from monitor.core.proof import Proof
from monitor.core.roundtrip import RoundtripStatus
from monitor.core.runbook import Remedy
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Agreement, Hop, Verdict

_NOTHING_CAME = frozenset(
    {Reason.CLOSED, Reason.REFUSED, Reason.RESET, Reason.SOCKET_MISSING, Reason.STALE, Reason.TIMEOUT, None}
)
_NOT_ALLOWED = frozenset({Reason.COMMAND_FAILED, Reason.NOT_FOUND, Reason.PERMISSION_DENIED})


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One target after rise/fall; ``up`` is ``None`` until the first result, ``stale`` when knowledge is too old.

    ``since`` and ``last_success`` are seconds since the epoch, ``age`` seconds since the end of the last round
    (``None``: never ended). ``proofs`` has one entry for each kind of evidence of the client IP that is sought;
    ``listener`` is the port of the listener whose log shows our connections, ``None`` where no line tells. ``tls`` is
    what the last round that came as far as TLS has shown.
    """

    target: Target
    address: str
    port: int
    up: bool | None
    stale: bool
    verdict: Verdict
    since: float | None
    last_success: float | None
    age: float | None
    last: Observation | None
    agreement: Agreement | None = None
    proofs: tuple[Proof, ...] = ()
    listener: int | None = None
    tls: TlsFacts | None = None


@dataclass(frozen=True, slots=True)
class EdgeStatus:
    """One edge: SSH, HAProxy and its servers; ``None`` until known or when stale.

    ``asked`` is false for an edge whose HAProxy has no stats socket to ask. ``host`` is what the last look at the host
    itself has shown; ``looked_at`` is false for an edge that no SSH connection leads to. ``cause`` is the reason in one
    word; ``gaps`` are HAProxy's answers that could not be read beside others that could, ``dropped`` bad rows of those,
    both by command.
    """

    name: str
    address: str
    ssh_up: bool | None
    haproxy_up: bool | None
    scrape_seconds: float | None
    age: float | None
    reason: str
    servers: tuple[HaproxyServer, ...]
    stats: tuple[HaproxyStat, ...]
    info: HaproxyInfo | None
    asked: bool = True
    host: EdgeObservation | None = None
    looked_at: bool = False
    cause: Reason | None = None
    gaps: Mapping[str, Failure] = field(default_factory=dict)
    dropped: Mapping[str, Dropped] = field(default_factory=dict)

    @property
    def haproxy_silent(self) -> bool:
        """Whether nothing came from a HAProxy that is not up."""
        return self.cause in _NOTHING_CAME

    @property
    def haproxy_said(self) -> str:
        """What a HAProxy that is not up does; only of one from which nothing came, that it does not answer."""
        if self.haproxy_silent:
            return "does not answer at its stats socket"
        if self.cause in _NOT_ALLOWED:
            return "cannot be asked at its stats socket"
        return "answers at its stats socket, and the answer cannot be read"


@dataclass(frozen=True, slots=True)
class MaillogStatus:
    """The mail log's source; ``up`` is ``None`` until known, ``reason`` says why it is down, ``cause`` in one word.

    ``stuck`` counts the messages that were accepted and wait for a mailbox of our own, ``oldest_stuck`` is for how many
    seconds the oldest does; both ``None`` while the log cannot be read.
    """

    source: str
    up: bool | None
    lag: float | None
    reason: str
    cause: Reason | None = None
    stuck: int | None = None
    oldest_stuck: float | None = None


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The mail server's cluster; ``up`` says whether the API answers (``None``: not asked yet), ``reason`` why not.

    ``known`` is what it last showed, ``age`` seconds ago, and ``stale`` says that this is too old to judge by. ``gaps``
    are parts that it does not show. ``at`` is the wall clock of the last round, ``last_success`` that of the CronJob's
    last success as far as one was seen (both seconds since the epoch).
    """

    up: bool | None
    stale: bool
    age: float | None
    at: float | None
    reason: str
    cause: Reason | None = None
    known: Cluster | None = None
    gaps: Mapping[str, Failure] = field(default_factory=dict)
    last_success: float | None = None

    @property
    def current(self) -> Cluster | None:
        """What may be judged by."""
        return None if self.stale else self.known


@dataclass(frozen=True, slots=True)
class NegativeStatus:
    """What is known of a thing that must be refused; ``refused`` is ``None`` until known, and when that is too old.

    ``node``, ``reply`` and ``at`` (seconds since the epoch) are those of the round that told; ``reason`` says why a
    later one told nothing, ``fails`` that the path's health fails where it is accepted.
    """

    target: Target
    refused: bool | None
    node: str = ""
    reply: str = ""
    at: float | None = None
    reason: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One sentence per path: the hop, the evidence and what a person would do next.

    ``unexplained`` has one line for each failing target that no rule explains, whichever hop is shown.
    """

    hop: Hop
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None
    effects: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth telling that is not (yet) a broken hop; ``severity`` is info, warning or critical."""

    severity: str
    subject: str
    kind: str
    message: str
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Drift(Finding):
    """A finding that a declared fact and an observed one differ; ``acknowledged`` by ``ignore_drift``."""

    declared: str = ""
    observed: str = ""
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One entry of ``/healthz``; ``status`` is pass, warn or fail.

    ``alone`` is what it is for who asks after its service only: a service that fails makes a path that does not require
    it no more than worrying, and is no better for that. ``None``: the same.
    """

    name: str
    status: str
    output: str
    service: str | None = None
    alone: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Is the mail path healthy? The worst of its checks."""

    status: str
    checks: tuple[HealthCheck, ...]


class TargetViews:
    """Views of the one list of a path's targets: by where their kinds are shown, each in the list's order."""

    targets: tuple[TargetStatus, ...]

    @cached_property
    def checks(self) -> tuple[TargetStatus, ...]:
        """The healthcheck ports."""
        return self._shown(Shown.CHECK)

    @cached_property
    def handshakes(self) -> tuple[TargetStatus, ...]:
        """The nodes' data ports."""
        return self._shown(Shown.HANDSHAKE)

    @cached_property
    def front_doors(self) -> tuple[TargetStatus, ...]:
        """The front doors of all edges."""
        return self._shown(Shown.FRONT_DOOR)

    @cached_property
    def others(self) -> tuple[TargetStatus, ...]:
        """The targets of all other kinds."""
        return self._shown(Shown.TARGET)

    @property
    def dialogues(self) -> tuple[TargetStatus, ...]:
        """Everything but the checks: what has a verdict to explain and a transcript to show."""
        return (*self.handshakes, *self.front_doors, *self.others)

    def doors_at(self, edge: str) -> tuple[TargetStatus, ...]:
        """Return the front doors of one edge."""
        return tuple(door for door in self.front_doors if door.target.node == edge)

    def _shown(self, where: Shown) -> tuple[TargetStatus, ...]:
        return tuple(status for status in self.targets if status.target.probe.shown is where)


@dataclass(frozen=True)
class PathStatus(TargetViews):
    """Everything known about one path at one moment; ``at`` is seconds since the epoch.

    ``targets`` is the one list of everything that has a verdict: whatever iterates it shows a new kind on day one.
    ``elected`` is false on a replica that stands by while another one does handshakes, front doors and rare probes;
    ``None`` without an election. ``maintenance`` is there while it goes on.
    """

    name: str
    at: float
    services: tuple[Service, ...]
    targets: tuple[TargetStatus, ...]
    edges: tuple[EdgeStatus, ...]
    maillog: MaillogStatus | None
    diagnosis: Diagnosis
    findings: tuple[Finding, ...]
    health: Health
    negatives: tuple[NegativeStatus, ...] = ()
    cluster: ClusterStatus | None = None
    elected: bool | None = None
    roundtrip: RoundtripStatus | None = None
    maintenance: Maintenance | None = None
