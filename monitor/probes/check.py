"""``check``: is the non-PROXY healthcheck NodePort open? A TCP connect, silent where the kernel allows it.

Silent mode (TCP_QUICKACK off, linger 0: SYN, SYN-ACK, RST) proves that a kernel listens behind the NodePort, and
leaves no line in any log; it does not prove that Postfix accepts.
"""

from collections.abc import Iterator

from monitor.config.settings import PathSettings
from monitor.core.conversation import Failure
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import Target
from monitor.core.observations import SUCCEEDED, Judgement, Observation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.links.connector import Connector, ConnectResult, Done, Terms
from monitor.links.tcp import literal
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Measure, TargetPlan

_ANSWERS = frozenset({None, Reason.REFUSED, Reason.RESET})

KIND = ProbeKind("check", shown=Shown.CHECK, leader_only=False, awaited=True)


class Check:
    """Asks one healthcheck NodePort."""

    __slots__ = ("_address", "_connector", "_port", "_to", "settings", "target")

    def __init__(self, target: Target, address: str, port: int, terms: Terms, connector: Connector) -> None:
        """Take whom to ask and where, and what all of a path's checks share: terms, and the engine of connects."""
        self.target = target
        self.settings = terms
        self._address, self._port = address, port
        self._connector = connector
        self._to = literal(address, port)

    @property
    def by_literal(self) -> bool:
        """Whether there is no name to look up, so that ``begin`` may be used."""
        return self._to is not None

    def begin(self, done: Done) -> None:
        """Do as ``run`` does, for thousands of targets: ``done`` is called with the result, by the event loop.

        Raises:
            ValueError: The address is a name.
        """
        if self._to is None:
            raise ValueError(f"{self._address} is a name: somebody must wait for its resolver")
        self._connector.start(self._to, self.settings, done)

    async def run(self, _ask: Ask = NOTHING, /) -> ConnectResult:
        """Connect once; without a header there is nothing to prove."""
        return await self._connector.connect(self._address, self._port, self.settings)

    def judge(self, result: ConnectResult, span: Span) -> Observation:
        """Judge one connect."""
        return Observation(
            target=self.target,
            started=span.started,
            finished=span.finished,
            at=span.at,
            judgement=_judgement(result),
            durations={Phase.CONNECT: result.seconds} if result.reason is None else {},
            answered=result.reason in _ANSWERS,
        )


def _judgement(result: ConnectResult) -> Judgement:
    if result.reason is None:
        return SUCCEEDED
    verdict = Verdict.UNKNOWN if result.reason is Reason.LOCAL_ERROR else Verdict.PORT_CLOSED
    return Judgement(verdict, Failure(Phase.CONNECT, result.reason, result.detail))


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each node and service that has a healthcheck port."""
    checks, services = path.checks, path.services
    terms = Terms(checks.timeout, silent=checks.mode == "silent")
    measure = Measure(checks.interval, checks.timeout, checks.rise, checks.fall)
    for node in path.known_nodes:
        for service in services:
            port = service.check_node_port
            if port is None:
                continue
            target = Target(path.name, KIND, node.name, service.name)
            probe = Check(target, node.address, port, terms, links.connector)
            plan = TargetPlan(target, node.address, port, measure)
            quick = probe if probe.by_literal else None
            yield Watch(probe, links.connector, measure, checks.interval, plan, quick=quick)
