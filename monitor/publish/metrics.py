"""``/metrics``: what was counted and what is known, in the format that the scraper asks for."""

import gzip
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.registry import Collector

from monitor.core.model import Target
from monitor.core.observations import AnyObservation, MaillogCounts
from monitor.core.status import PathStatus
from monitor.publish import catalogue
from monitor.publish.counters import Counters, ExpectedMaillog, Frozen
from monitor.publish.families import Family, Rows
from monitor.publish.gauges import gauges
from monitor.publish.sample_lines import SampleLines

# Beyond this zlib takes its time for little: a scrape of 10,000 series is 1.5 MB of very similar lines.
_GZIP_LEVEL = 4


class Exposition(NamedTuple):
    """A rendered scrape: its bytes, their media type, and whether they are compressed."""

    body: bytes
    content_type: str
    gzipped: bool


class Snapshot:
    """All metrics of one moment; immutable, so that a worker thread can render it while probes go on."""

    def __init__(
        self,
        registry: CollectorRegistry,
        own: dict[Family, Rows],
        counted: Frozen,
        statuses: Sequence[PathStatus],
        lines: SampleLines,
    ) -> None:
        """Hold the process's own collectors, mailpath's own state, the counters and the paths' statuses."""
        self._registry = registry
        self._own = own
        self.counted = counted
        self._statuses = statuses
        self._lines = lines

    def collect(self) -> Iterator[Metric]:
        """Give every family that has a row (prometheus_client's Collector)."""
        for family, rows in {**self._own, **gauges(self._statuses)}.items():
            yield family.metric(rows)
        yield from self.counted.metrics()
        yield from self._registry.collect()

    def expose(self, accept: str, accept_encoding: str) -> Exposition:
        """Render as text or OpenMetrics, compressed or not, as the scraper's headers ask."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # prometheus_client compares version numbers without looking at them
            encode, content_type = choose_encoder("")
        rows = chain(self._own.items(), gauges(self._statuses).items(), self.counted.values)
        written = [self._lines.write(family, each, encode) for family, each in rows if each]
        body = b"".join((*written, encode(_Rest(self.counted.histogram_metrics(), self._registry))))
        if gzip_accepted(accept_encoding):
            return Exposition(gzip.compress(body, _GZIP_LEVEL), content_type, gzipped=True)
        return Exposition(body, content_type, gzipped=False)


class _Rest(Collector):
    """What prometheus_client writes by itself: histograms, the process; and the end of the scrape."""

    def __init__(self, histograms: Iterable[Metric], registry: CollectorRegistry) -> None:
        self._metrics = chain(histograms, registry.collect())

    def collect(self) -> Iterator[Metric]:
        return self._metrics


class Metrics:
    """Takes in everything that is measured; lives on the event loop's thread.

    ``started``, ``skipped`` and ``bug`` are what the engine tells its telemetry.
    """

    def __init__(
        self,
        version: str,
        revision: str,
        loop_lag: Callable[[], float],
        loop_tasks: Callable[[], int] = lambda: 0,
    ) -> None:
        """Begin.

        ``loop_lag`` gives the event loop's worst lag in seconds since it was last asked, ``loop_tasks`` counts
        its tasks.
        """
        self._counters = Counters()
        self._loop_lag = loop_lag
        self._loop_tasks = loop_tasks
        self._own: dict[Family, Rows] = {
            catalogue.BUILD_INFO: {(version, revision, platform.python_version()): 1.0},
        }
        # A registry of our own, with the process_* and python_* that every exporter has.
        self._registry = CollectorRegistry()
        self._lines = SampleLines()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def expect(self, targets: Iterable[Target], maillogs: Iterable[ExpectedMaillog] = ()) -> None:
        """Take over all that is watched from now on; the new starts at 0, what is not named any more vanishes."""
        self._counters.expect(targets, maillogs)

    def observe(self, observation: AnyObservation) -> None:
        """Count one ended round."""
        self._counters.observe(observation)

    def count_maillog(self, counts: MaillogCounts) -> None:
        """Add what one batch of the mail log was found to hold."""
        self._counters.count_maillog(counts)

    def started(self, lateness: float) -> None:
        """Note that a round started ``lateness`` seconds after its due time."""
        self._counters.schedule_lag(lateness)

    def skipped(self, slots: int) -> None:
        """Note that a round overran so many of its own later slots."""
        self._counters.skipped += slots

    def bug(self, name: str, error: BaseException) -> None:  # noqa: ARG002 - the event log tells which
        """Note an exception that nobody expected."""
        self._counters.bugs += 1

    def config_loaded(self, at: float) -> None:
        """Note that a configuration is in force since ``at`` (seconds since the epoch)."""
        self._own[catalogue.CONFIG_RELOAD_SUCCESSFUL] = {(): 1.0}
        self._own[catalogue.CONFIG_RELOAD_SUCCESS_TIMESTAMP] = {(): at}

    def config_refused(self) -> None:
        """Note that a new configuration was refused and the old one goes on."""
        self._own[catalogue.CONFIG_RELOAD_SUCCESSFUL] = {(): 0.0}

    def snapshot(self, statuses: Sequence[PathStatus]) -> Snapshot:
        """Hold the moment."""
        own: dict[Family, Rows] = {
            **self._own,
            catalogue.EVENT_LOOP_LAG: {(): self._loop_lag()},
            catalogue.EVENT_LOOP_TASKS: {(): float(self._loop_tasks())},
        }
        return Snapshot(self._registry, own, self._counters.freeze(), tuple(statuses), self._lines)
