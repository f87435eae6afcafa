"""What is counted as it happens: probe rounds, mail log lines, the keeping of the beat.

Only what is expected is counted. That is what gives every counter its 0 at the first scrape, lets a target's series
vanish with it though its last round comes in late, and keeps a peer from making labels up (the port in a PROXY header
is its sender's claim).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import Metric

from monitor.core import kinds
from monitor.core.model import Target
from monitor.core.observations import AnyObservation, MaillogBatch, MaillogCounts, Observation, Repeat
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Origin
from monitor.publish import catalogue
from monitor.publish.families import Family, HistogramFamily, Labels

SUCCESS, FAILURE = "success", "failure"
# A constant, for in CPython 3.11 a member of an enumeration takes 75 ns each time.
CONNECT = Phase.CONNECT


class ExpectedMaillog(NamedTuple):
    """The mail log of one path: its source, the ports of its listeners, and the problems that can be told apart."""

    path: str
    source: str
    listeners: tuple[int, ...]
    problems: tuple[str, ...]


class Frozen(NamedTuple):
    """All that was counted up to one moment; immutable, to be rendered anywhere."""

    values: tuple[tuple[Family, dict[Labels, float]], ...]
    histograms: tuple[tuple[HistogramFamily, dict[Labels, tuple[float, ...]]], ...]

    def metrics(self) -> Iterator[Metric]:
        """Give every family that has a row."""
        for family, rows in self.values:
            if rows:
                yield family.metric(rows)
        for histogram, buckets in self.histograms:
            if buckets:
                yield histogram.histogram(buckets)


class Histogram:
    """The rows of one histogram: counts by bucket, then the sum."""

    def __init__(self, family: HistogramFamily) -> None:
        """Begin without a row."""
        self.family = family
        self.rows: dict[Labels, list[float]] = {}

    def expect(self, labels: Labels) -> None:
        """Make a row of zeros, where there is none."""
        self.rows.setdefault(labels, [0.0] * (len(self.family.bounds) + 2))

    def add(self, labels: Labels, value: float, times: int = 1) -> None:
        """Count a value so many times, into the bucket whose upper edge it does not exceed."""
        row = self.rows.get(labels)
        if row is None:
            self.expect(labels)
            row = self.rows[labels]
        row[bisect_left(self.family.bounds, value)] += times
        row[-1] += value * times


class Counters:
    """Every counter, histogram and event-fed timestamp; lives on the event loop's thread."""

    def __init__(self) -> None:
        """Begin with what needs no target."""
        self._targets: frozenset[Target] = frozenset()
        self._probes: dict[Labels, float] = {}
        self._failures: dict[Labels, float] = {}
        self._last_success: dict[Labels, float] = {}
        self._lines: dict[Labels, float] = {}
        self._unrecognised: dict[Labels, float] = {}
        self._connections: dict[Labels, float] = {}
        self._last_connection: dict[Labels, float] = {}
        self._problems: dict[Labels, float] = {}
        self._self_inflicted: dict[Labels, float] = {}
        self._durations = Histogram(catalogue.PROBE_DURATION)
        self._lag = Histogram(catalogue.SCHEDULE_LAG)
        self._lag.expect(())
        self.skipped = 0
        self.bugs = 0

    def expect(self, targets: Iterable[Target], maillogs: Iterable[ExpectedMaillog]) -> None:
        """Take over all that is watched from now on: the new begins at 0, what is not named any more vanishes.

        The mail logs bring the targets of their own rounds along.
        """
        logs = tuple(maillogs)
        self._targets = frozenset(targets).union(Target(log.path, kinds.MAILLOG, "", "") for log in logs)
        sources = [(log.path, log.source) for log in logs]
        listeners = [(log.path, str(port)) for log in logs for port in log.listeners]
        problems = [(log.path, problem) for log in logs for problem in log.problems]
        connections = [(*listener, origin) for listener in listeners for origin in Origin]
        self._probes = _kept(self._probes, [(*t, result) for t in self._targets for result in (SUCCESS, FAILURE)])
        self._failures = {key: n for key, n in self._failures.items() if key[:4] in self._targets}
        self._last_success = {key: at for key, at in self._last_success.items() if key in self._targets}
        self._lines = _kept(self._lines, sources)
        self._unrecognised = _kept(self._unrecognised, sources)
        self._connections = _kept(self._connections, connections)
        self._last_connection = {key: at for key, at in self._last_connection.items() if key in self._connections}
        self._problems = _kept(self._problems, problems)
        self._self_inflicted = _kept(self._self_inflicted, problems)
        timed = {(target.path, target.probe, target.service) for target in self._targets}
        self._durations.rows = {key: row for key, row in self._durations.rows.items() if key[:3] in timed}

    def observe(self, observation: AnyObservation) -> None:
        """Count one ended round."""
        target = observation.target
        if target not in self._targets:
            return
        self._probes[*target, SUCCESS if observation.ok else FAILURE] += 1
        if observation.ok:
            self._last_success[target] = observation.at
        failure = observation.judgement.failure if isinstance(observation, Observation) else observation.failure
        if failure is not None and not observation.ok:
            key = (*target, failure.phase, failure.reason)
            self._failures[key] = self._failures.get(key, 0) + 1
        if not isinstance(observation, MaillogBatch):
            for phase, seconds in observation.durations.items():
                self._durations.add((target.path, target.probe, target.service, phase), seconds)

    def repeat(self, repeat: Repeat) -> None:
        """Count a check that succeeded once more, as ``observe`` would."""
        target, _, _, at, seconds = repeat
        if target in self._targets:
            path, probe, node, service = target
            self._probes[path, probe, node, service, SUCCESS] += 1
            self._last_success[target] = at
            self._durations.add((path, probe, service, CONNECT), seconds)

    def count_maillog(self, counts: MaillogCounts) -> None:
        """Add what one batch of the mail log was found to hold."""
        _add(self._lines, (counts.path, counts.source), counts.lines)
        _add(self._unrecognised, (counts.path, counts.source), counts.unrecognised)
        for (listener, origin), number in counts.connections.items():
            key = (counts.path, str(listener), origin)
            if _add(self._connections, key, number):
                self._last_connection[key] = counts.at
        for problem, number in counts.problems.items():
            _add(self._problems, (counts.path, problem), number)
        for problem, number in counts.self_inflicted.items():
            _add(self._self_inflicted, (counts.path, problem), number)

    def schedule_lag(self, seconds: float, rounds: int) -> None:
        """Count the start of so many rounds, so many seconds after their time."""
        self._lag.add((), seconds, rounds)

    def freeze(self) -> Frozen:
        """Copy every row."""
        counted: tuple[tuple[Family, dict[Labels, float]], ...] = (
            (catalogue.PROBES, self._probes),
            (catalogue.PROBE_FAILURES, self._failures),
            (catalogue.PROBE_LAST_SUCCESS, self._last_success),
            (catalogue.MAILLOG_LINES, self._lines),
            (catalogue.MAILLOG_LINES_UNRECOGNISED, self._unrecognised),
            (catalogue.MAILLOG_CONNECTIONS, self._connections),
            (catalogue.MAILLOG_LAST_CONNECTION, self._last_connection),
            (catalogue.MAILLOG_PROBLEMS, self._problems),
            (catalogue.SELF_INFLICTED_PROBLEMS, self._self_inflicted),
            (catalogue.SCHEDULE_SKIPPED, {(): float(self.skipped)}),
            (catalogue.PROBE_BUGS, {(): float(self.bugs)}),
        )
        return Frozen(
            tuple((family, rows.copy()) for family, rows in counted),
            tuple(
                (histogram.family, {key: tuple(row) for key, row in histogram.rows.items()})
                for histogram in (self._durations, self._lag)
            ),
        )


def _kept(rows: Mapping[Labels, float], keys: Iterable[Labels]) -> dict[Labels, float]:
    return {key: rows.get(key, 0.0) for key in keys}


def _add(rows: dict[Labels, float], key: Labels, number: float) -> bool:
    expected = key in rows
    if expected:
        rows[key] += number
    return expected
