"""Log events with stable dotted names: what changed, said once when it changes.

Fields are stable too: ``path``, ``probe``, ``node``, ``service``, ``phase``, ``reason``, ``detail``. No client address
is among them but our own.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from structlog.typing import FilteringBoundLogger

from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation
from monitor.core.haproxy import ServerState
from monitor.core.model import ProbeKind, Target
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

_RUNNING = frozenset({ServerState.RUNNING, ServerState.STARTING})
# Level, name and fields.
Keep = Callable[[str, str, Mapping[str, str]], None]
_ServerKey = tuple[str, str, str, str]


class EventLog:
    """Turns observations and statuses into log events; remembers what it has said."""

    def __init__(self, logger: FilteringBoundLogger, keep: Keep = lambda *_event: None) -> None:
        """Say it to this logger; what changes a state is given to ``keep`` as well, single rounds are not."""
        self._log = logger
        self._keep = keep
        self._failing: set[Target] = set()
        self._servers: dict[_ServerKey, ServerState] = {}
        self._verdicts: dict[Target, Verdict] = {}
        self._hops: dict[str, Hop] = {}
        self._maillogs: dict[str, bool] = {}
        self._maintenance: dict[str, float] = {}

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
        """Tell what has changed since the last statuses, and forget what is watched no more."""
        for path in statuses:
            self._announced(path)
            for status in path.dialogues:
                self._verdict(status)
            self._diagnosis(path)
            if path.maillog is not None and path.maillog.up is not None:
                self._maillog(path.name, path.maillog, up=path.maillog.up)
        self._forget(statuses)

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
        if observation.ok:
            if target in self._failing:
                self._failing.discard(target)
                self._tell("info", good, _labels(target), kept=kept)
            return
        level = "debug" if target in self._failing else "warning"
        self._failing.add(target)
        self._tell(level, bad, _labels(target) | _why(failure), kept=kept)

    def _haproxy_servers(self, observation: HaproxyObservation) -> None:
        for server in observation.servers:
            key = (observation.path, observation.edge, server.backend, server.name)
            before = self._servers.get(key)
            self._servers[key] = server.state
            if before is not None and before is not server.state:
                self._tell(
                    "info" if server.state in _RUNNING else "warning",
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

    def _verdict(self, status: TargetStatus) -> None:
        before = self._verdicts.get(status.target, Verdict.UNKNOWN)
        self._verdicts[status.target] = status.verdict
        if before is not status.verdict:
            level = "info" if status.verdict is Verdict.OK else "warning"
            if (before, status.verdict) == (Verdict.UNKNOWN, Verdict.OK):
                level = "debug"  # as expected: a start, or a new target
            change = {"before": before.value, "after": status.verdict.value}
            self._tell(level, "verdict.changed", _labels(status.target) | change | self._expected(status.target.path))

    def _diagnosis(self, path: PathStatus) -> None:
        before = self._hops.get(path.name, Hop.NONE)
        after = path.diagnosis.hop
        if path.name not in self._hops and after is Hop.MONITOR and _begins(path):
            return  # as expected: at a start nothing is known yet, and then not everything
        self._hops[path.name] = after
        if before is not after:
            level = "info" if after is Hop.NONE else "warning"
            change = {"path": path.name, "before": before.value, "after": after.value}
            detail = {"detail": path.diagnosis.summary, "remedy": path.diagnosis.remedy}
            self._tell(level, "diagnosis.changed", change | detail | self._expected(path.name))

    def _expected(self, path: str) -> dict[str, str]:
        return {"expected": "maintenance"} if path in self._maintenance else {}

    def _announced(self, path: PathStatus) -> None:
        work = path.maintenance
        if work is not None and self._maintenance.get(path.name) != work.until:
            until = datetime.fromtimestamp(work.until, UTC).isoformat(timespec="seconds")
            self._tell("info", "maintenance.began", {"path": path.name, "until": until, "detail": work.reason})
            self._maintenance[path.name] = work.until
        elif work is None and self._maintenance.pop(path.name, None) is not None:
            self._tell("info", "maintenance.ended", {"path": path.name})

    def _maillog(self, path: str, maillog: MaillogStatus, *, up: bool) -> None:
        before = self._maillogs.get(path, True)
        self._maillogs[path] = up
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

    def _forget(self, statuses: Sequence[PathStatus]) -> None:
        paths = {path.name for path in statuses}
        edges = {(path.name, edge.name) for path in statuses for edge in path.edges}
        targets = {status.target for path in statuses for status in (*path.checks, *path.dialogues)}
        targets |= {status.target for path in statuses for status in path.negatives}
        targets |= {Target(path.name, ProbeKind.KUBERNETES, "", "") for path in statuses if path.cluster is not None}
        self._verdicts = {target: verdict for target, verdict in self._verdicts.items() if target in targets}
        self._failing = {each for each in self._failing if each in targets or (each.path, each.node) in edges}
        self._servers = {key: state for key, state in self._servers.items() if key[:2] in edges}
        self._hops = {name: hop for name, hop in self._hops.items() if name in paths}
        self._maillogs = {name: up for name, up in self._maillogs.items() if name in paths}
        self._maintenance = {name: until for name, until in self._maintenance.items() if name in paths}


def _begins(path: PathStatus) -> bool:
    """Tell whether some first round has not ended yet, be it well or badly."""
    unseen = any((edge.asked and edge.age is None) or (edge.looked_at and edge.host is None) for edge in path.edges)
    unread = path.maillog is not None and path.maillog.up is None
    return unseen or unread or any(each.age is None for each in (*path.checks, *path.dialogues))


def _labels(target: Target) -> dict[str, str]:
    return {"path": target.path, "probe": target.probe.value, "node": target.node, "service": target.service}


def _why(failure: Failure | None) -> dict[str, str]:
    if failure is None:
        return {}
    return {"phase": failure.phase.value, "reason": failure.reason.value, "detail": failure.detail}
