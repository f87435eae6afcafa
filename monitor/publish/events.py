"""Log events with stable dotted names: what changed, said once when it changes.

Fields are stable too: ``path``, ``probe``, ``node``, ``service``, ``phase``, ``reason``, ``detail``. No client address
is among them but our own.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from monitor.core import kinds
from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation
from monitor.core.haproxy import ServerState
from monitor.core.model import Target
from monitor.core.moments import rfc3339
from monitor.core.observations import (
    AnyObservation,
    HaproxyObservation,
    KubernetesObservation,
    MaillogBatch,
    NegativeObservation,
    Observation,
)
from monitor.core.status import MaillogStatus, PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict

_AT_A_START = frozenset({Hop.MONITOR, Hop.UNEXPLAINED})
# Level, name and fields.
Keep = Callable[[str, str, Mapping[str, str]], None]


@dataclass(slots=True)
class _Said:
    """What was said of one path: who fails, and how everything stands.

    ``servers`` are HAProxy's by edge, backend and name; ``hop`` is ``None`` before the first diagnosis; ``work`` is
    when announced work ends (epoch seconds), ``None`` without any.
    """

    failing: set[Target] = field(default_factory=set)
    servers: dict[tuple[str, str, str], ServerState] = field(default_factory=dict)
    verdicts: dict[Target, Verdict] = field(default_factory=dict)
    hop: Hop | None = None
    maillog_up: bool = True
    work: float | None = None


class EventLog:
    """Turns observations and statuses into log events; remembers what it has said."""

    def __init__(self, logger: FilteringBoundLogger, keep: Keep = lambda *_event: None) -> None:
        """Say it to this logger; what changes a state is given to ``keep`` as well, single rounds are not."""
        self._log = logger
        self._keep = keep
        self._said: defaultdict[str, _Said] = defaultdict(_Said)

    def observe(self, observation: AnyObservation) -> None:
        """Tell of a round that failed after one that did not, and of the reverse; further failures at debug level."""
        match observation:
            case Observation():
                failure = observation.judgement.failure
                self._round(observation, failure, "probe.failed", "probe.recovered")
            case HaproxyObservation():
                self._round(observation, observation.failure, "haproxy.unreachable", "haproxy.recovered", kept=True)
                if observation.ok:
                    self._haproxy_servers(observation)
            case EdgeObservation():
                self._round(observation, observation.failure, "edge.unreadable", "edge.recovered")
            case KubernetesObservation():
                self._round(observation, observation.failure, "kubernetes.unreachable", "kubernetes.recovered")
            case NegativeObservation():
                if observation.refused is False:  # rare enough to be said each time
                    where = _labels(observation.target) | {"node": observation.node}
                    self._tell("error", "negative.accepted", where | _why(observation.failure))
                self._round(observation, observation.failure, "probe.failed", "probe.recovered")
            case MaillogBatch():
                pass  # a single batch proves little: the path's status says when the source has stalled

    def bug(self, name: str, error: BaseException) -> None:
        """Tell of an exception that nobody expected, with its traceback."""
        fields = {"task": name, "reason": Reason.BUG.value}
        self._log.error("probe.bug", **fields, exc_info=error)
        self._keep("error", "probe.bug", fields)

    def update(self, statuses: Sequence[PathStatus]) -> None:
        """Tell what has changed since these paths' last statuses, and forget what is watched no more of them."""
        for path in statuses:
            said = self._said[path.name]
            self._announced(path, said)
            for status in path.dialogues:
                self._verdict(status, said)
            self._diagnosis(path, said)
            if path.maillog is not None and path.maillog.up is not None:
                self._maillog(path.name, path.maillog, said, up=path.maillog.up)
            _forget(path, said)

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every path but these."""
        for name in self._said.keys() - set(paths):
            del self._said[name]

    def _round(
        self,
        observation: Observation | HaproxyObservation | EdgeObservation | NegativeObservation | KubernetesObservation,
        failure: Failure | None,
        bad: str,
        good: str,
        *,
        kept: bool = False,
    ) -> None:
        target = observation.target
        failing = self._said[target.path].failing
        if observation.ok:
            if target in failing:
                failing.discard(target)
                self._tell("info", good, _labels(target), kept=kept)
            return
        level = "debug" if target in failing else "warning"
        failing.add(target)
        self._tell(level, bad, _labels(target) | _why(failure), kept=kept)

    def _haproxy_servers(self, observation: HaproxyObservation) -> None:
        servers = self._said[observation.path].servers
        for server in observation.servers:
            key = (observation.edge, server.backend, server.name)
            before = servers.get(key)
            servers[key] = server.state
            if before is not None and before is not server.state:
                self._tell(
                    "info" if server.state.up else "warning",
                    "haproxy.server_state_changed",
                    {
                        "path": observation.path,
                        "node": observation.edge,
                        "backend": server.backend,
                        "server": server.name,
                        "before": before.value,
                        "after": server.state.value,
                    },
                )

    def _verdict(self, status: TargetStatus, said: _Said) -> None:
        before = said.verdicts.get(status.target, Verdict.UNKNOWN)
        said.verdicts[status.target] = status.verdict
        if before is not status.verdict:
            level = "info" if status.verdict is Verdict.OK else "warning"
            if (before, status.verdict) == (Verdict.UNKNOWN, Verdict.OK):
                level = "debug"  # as expected: a start, or a new target
            change = {"before": before.value, "after": status.verdict.value}
            self._tell(level, "verdict.changed", _labels(status.target) | change | _expected(said))

    def _diagnosis(self, path: PathStatus, said: _Said) -> None:
        before, after = said.hop, path.diagnosis.hop
        if before is None and after in _AT_A_START and _begins(path):
            return  # as expected: at a start nothing is known yet, then not everything, nor what explains a failure
        said.hop = after
        before = before or Hop.NONE
        if before is not after:
            level = "info" if after is Hop.NONE else "warning"
            change = {"path": path.name, "before": before.value, "after": after.value}
            detail = {"detail": path.diagnosis.summary, "remedy": str(path.diagnosis.remedy or "")}
            self._tell(level, "diagnosis.changed", change | detail | _expected(said))

    def _announced(self, path: PathStatus, said: _Said) -> None:
        work = path.maintenance
        if work is not None and said.work != work.until:
            until = rfc3339(work.until)
            self._tell("info", "maintenance.began", {"path": path.name, "until": until, "detail": work.reason})
        elif work is None and said.work is not None:
            self._tell("info", "maintenance.ended", {"path": path.name})
        said.work = None if work is None else work.until

    def _maillog(self, path: str, maillog: MaillogStatus, said: _Said, *, up: bool) -> None:
        before, said.maillog_up = said.maillog_up, up
        where = {"path": path, "source": maillog.source}
        if before and not up:
            why = {"phase": Phase.FOLLOW.value, "reason": maillog.cause.value} if maillog.cause is not None else {}
            self._tell("warning", "maillog.stalled", where | why | {"detail": maillog.reason})
        elif up and not before:
            self._tell("info", "maillog.recovered", where)

    def _tell(self, level: str, name: str, fields: Mapping[str, str], *, kept: bool = True) -> None:
        getattr(self._log, level)(name, **fields)
        if kept and level != "debug":
            self._keep(level, name, fields)


def _forget(path: PathStatus, said: _Said) -> None:
    edges = {edge.name for edge in path.edges}
    targets = {status.target for status in path.targets}
    targets |= {status.target for status in path.negatives}
    if path.cluster is not None:
        targets.add(Target(path.name, kinds.KUBERNETES, "", ""))
    said.verdicts = {target: verdict for target, verdict in said.verdicts.items() if target in targets}
    said.failing = {each for each in said.failing if each in targets or each.node in edges}
    said.servers = {key: state for key, state in said.servers.items() if key[0] in edges}


def _expected(said: _Said) -> dict[str, str]:
    return {"expected": "maintenance"} if said.work is not None else {}


def _begins(path: PathStatus) -> bool:
    """Tell whether some first round has not ended yet, be it well or badly."""
    unseen = any((edge.asked and edge.age is None) or (edge.looked_at and edge.host is None) for edge in path.edges)
    unread = path.maillog is not None and path.maillog.up is None
    unnamed = path.cluster is not None and path.cluster.up is None
    return unseen or unread or unnamed or any(each.age is None for each in path.targets)


def _labels(target: Target) -> dict[str, str]:
    return {"path": target.path, "probe": str(target.probe), "node": target.node, "service": target.service}


def _why(failure: Failure | None) -> dict[str, str]:
    if failure is None:
        return {}
    return {"phase": failure.phase.value, "reason": failure.reason.value, "detail": failure.detail}
