"""What was seen: frozen records that probes return, verdicts judge and publishers tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core import kinds
from monitor.core.conversation import Conversation, Failure, TlsFacts
from monitor.core.edge import EdgeObservation
from monitor.core.haproxy import Dropped, HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.kube import Cluster
from monitor.core.maillog import LogRecord, PostfixVersion
from monitor.core.model import Target
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Origin, Verdict


class Span(NamedTuple):
    """When a round was: the event loop's clock at start and end, and the wall clock (epoch seconds) at the end."""

    started: float
    finished: float
    at: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one round of a check, handshake or front door means on its own, before it is compared with the others."""

    verdict: Verdict
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        """Whether the round counts as a success for rise/fall."""
        return self.verdict.up


SUCCEEDED = Judgement(Verdict.OK)
"""What a check means that succeeds."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One ended round of a check, a handshake or a front door.

    ``started`` and ``finished`` are the event loop's clock, ``at`` the wall clock of its end (seconds since the epoch),
    ``durations`` seconds by phase, ``answered`` whether the address gave any sign of life (SYN-ACK or reset).
    """

    target: Target
    started: float
    finished: float
    at: float
    judgement: Judgement
    durations: Mapping[Phase, float] = field(default_factory=dict)
    answered: bool = False
    tls: TlsFacts | None = None
    conversation: Conversation | None = None

    @property
    def ok(self) -> bool:
        """Whether the round counts as a success for rise/fall."""
        return self.judgement.ok


class Repeat(NamedTuple):
    """A check that succeeded, as the one before it did: all that is new of it, where thousands a second end so.

    Times as in ``Observation``; ``seconds`` is the connect's duration.
    """

    target: Target
    started: float
    finished: float
    at: float
    seconds: float

    @property
    def judgement(self) -> Judgement:
        """What it means: a success."""
        return SUCCEEDED

    @property
    def whole(self) -> Observation:
        """The observation that it stands for."""
        durations = {Phase.CONNECT: self.seconds}
        return Observation(self.target, self.started, self.finished, self.at, SUCCEEDED, durations, answered=True)


@dataclass(frozen=True, slots=True)
class HaproxyObservation:
    """One ended round of an edge's HAProxy: over SSH, in one call of socat.

    ``ssh_ok`` says whether the SSH connection worked, ``failure`` why the round told nothing at all. ``gaps`` are the
    answers that could not be read beside others that could, ``dropped`` the bad rows of those, both by command.
    """

    path: str
    edge: str
    started: float
    finished: float
    at: float
    ssh_ok: bool
    servers: tuple[HaproxyServer, ...] = ()
    stats: tuple[HaproxyStat, ...] = ()
    info: HaproxyInfo | None = None
    failure: Failure | None = None
    gaps: Mapping[str, Failure] = field(default_factory=dict)
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    durations: Mapping[Phase, float] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The labels of these rounds: ``node`` is the edge's name, ``service`` empty."""
        return Target(self.path, kinds.HAPROXY, self.edge, "")

    @property
    def ok(self) -> bool:
        """Whether HAProxy answered, and at least one of its answers could be read."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class MaillogBatch:
    """Lines that a mail log source has brought since the last batch; empty batches are signs of life.

    ``lag`` is the age in seconds of the newest line when it was read, ``None`` where no line shows its time. Where
    lines came and not one was recognised, ``tagged`` counts those that are Postfix's or Dovecot's by their tag, and
    ``example`` is one of them, masked.
    """

    path: str
    source: str
    finished: float
    at: float
    records: tuple[LogRecord, ...] = ()
    lines: int = 0
    unrecognised: int = 0
    lag: float | None = None
    failure: Failure | None = None
    tagged: int = 0
    example: str = ""

    @property
    def target(self) -> Target:
        """The labels of these rounds: neither a node nor a service."""
        return Target(self.path, kinds.MAILLOG, "", "")

    @property
    def ok(self) -> bool:
        """Whether the source could be read."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class UnnamedListeners:
    """What the names in the mail log do not tell of PROXY listeners.

    ``unknown`` are names under which clients came of late and that belong to no service; ``shared`` the stock names
    under which PROXY listeners log, by their ports; ``unseen``, where some are unknown, the listeners of which no
    handshake of ours has shown the name.
    """

    unknown: tuple[str, ...] = ()
    shared: Mapping[int, str] = field(default_factory=dict)
    unseen: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MaillogCounts:
    """What a batch of the mail log adds to the counters, classified.

    ``connections`` by listener port and origin, ``problems`` by label, ``self_inflicted`` those problems that carry an
    address of our own probes, ``located`` those whose line tells the listener, by its port, ``unnamed`` the listeners
    whose lines do not tell. ``postfix_version`` is the
    release that Postfix's master has named in the batch, at a start or reload (``None``: it named none). ``at`` is the
    wall clock of the batch, seconds since the epoch, ``finished`` the event loop's clock.
    """

    path: str
    source: str
    at: float
    lines: int
    unrecognised: int
    connections: Mapping[tuple[int, Origin], int] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)
    self_inflicted: Mapping[str, int] = field(default_factory=dict)
    located: Mapping[tuple[int, str], int] = field(default_factory=dict)
    finished: float = 0.0
    postfix_version: PostfixVersion | None = None
    unnamed: UnnamedListeners = field(default_factory=UnnamedListeners)


@dataclass(frozen=True, slots=True)
class NegativeObservation:
    """One ended round of a negative probe: of what must be refused.

    ``refused`` is true where it was, false where it was accepted, ``None`` where the round could not be carried out and
    so tells neither; ``failure`` says what was wrong in both latter cases. ``node`` is the one that was asked (the
    target names none: what is asked is the server behind all nodes), ``reply`` what the server said, bounded. Times as
    in ``Observation``.
    """

    target: Target
    node: str
    started: float
    finished: float
    at: float
    refused: bool | None
    reply: str = ""
    failure: Failure | None = None
    durations: Mapping[Phase, float] = field(default_factory=dict)
    conversation: Conversation | None = None

    @property
    def ok(self) -> bool:
        """Whether it was refused, as it must be."""
        return self.refused is True


@dataclass(frozen=True, slots=True)
class KubernetesObservation:
    """One ended round of looking at the mail server's cluster.

    ``cluster`` is all that is known of it, from before this round where ``failure`` says why the API did not answer.
    ``gaps`` are the parts that it would not show or that do not follow any more (``pods``, ``configmap …``), and why.
    """

    path: str
    started: float
    finished: float
    at: float
    cluster: Cluster
    failure: Failure | None = None
    gaps: Mapping[str, Failure] = field(default_factory=dict)
    durations: Mapping[Phase, float] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The labels of these rounds: neither a node nor a service."""
        return Target(self.path, kinds.KUBERNETES, "", "")

    @property
    def ok(self) -> bool:
        """Whether the API answered."""
        return self.failure is None


AnyObservation = (
    Observation | HaproxyObservation | EdgeObservation | MaillogBatch | NegativeObservation | KubernetesObservation
)
