"""``/metrics``: what was counted and what is known, in the format that the scraper asks for."""

import asyncio
import gzip
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder, gzip_accepted

from monitor.core.model import Target
from monitor.core.observations import AnyObservation, MaillogCounts
from monitor.core.status import PathStatus
from monitor.publish import catalogue
from monitor.publish.accept import by_weight
from monitor.publish.counters import Counters, ExpectedMaillog, Frozen
from monitor.publish.families import Family, Rows
from monitor.publish.gauges import Gauges, add, gauges
from monitor.publish.sample_lines import Encode, SampleLines
from monitor.publish.turns import in_turns

# zlib's last level without lazy matching: of lines so alike the next one makes more, not less, in twice the time.
_GZIP_LEVEL = 3
_TEXT = frozenset({"text/plain", "text/*", "*/*"})


class Exposition(NamedTuple):
    """A rendered scrape: its bytes, their media type, and whether they are compressed."""

    body: bytes
    content_type: str
    gzipped: bool


class Snapshot:
    """All metrics of one moment; immutable, so that it can be rendered while probes go on."""

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
        known = gauges(self._statuses)
        sets = {family: states.rows() for family, states in known.sets.items()}
        for family, rows in {**self._own, **known.values, **sets}.items():
            yield family.metric(rows)
        yield from self.counted.metrics()
        yield from self._registry.collect()

    def expose(self, accept: str, accept_encoding: str) -> Exposition:
        """Render as text or OpenMetrics, compressed or not, as the scraper's headers ask."""
        encode, content_type = _format(accept)
        return _packed(b"".join(self._pieces(encode)), content_type, accept_encoding)

    async def expose_in_turns(self, accept: str, accept_encoding: str) -> Exposition:
        """Do the same piece by piece, so that no probe waits for a scrape.

        Not in a thread: it would take the interpreter from the event loop at each of the loop's system calls, for 5 ms
        each time (``sys.getswitchinterval``). zlib works without the interpreter.
        """
        encode, content_type = _format(accept)
        body = b"".join(await in_turns(self._pieces(encode)))
        return await asyncio.to_thread(_packed, body, content_type, accept_encoding)

    def _pieces(self, encode: Encode) -> Iterator[bytes]:
        known = Gauges()
        for path in self._statuses:
            add(known, path)
            yield b""
        lines = self._lines
        for family, rows in chain(self._own.items(), known.values.items(), self.counted.values):
            if rows:
                yield from lines.write(family, rows, encode)
        for family, states in known.sets.items():
            yield from lines.write_states(family, states, encode)
        for histogram, buckets in self.counted.histograms:
            if buckets:
                yield from lines.write_buckets(histogram, buckets, encode)
        # the process's own; and the end of the scrape
        yield encode(self._registry)


def _format(accept: str) -> tuple[Encode, str]:
    try:
        return next(filter(None, map(_offered, by_weight(accept))), choose_encoder(""))
    except (TypeError, ValueError):  # prometheus_client compares version numbers without looking at them
        return choose_encoder("")


def _offered(wish: str) -> tuple[Encode, str] | None:
    # What prometheus_client does not have it answers with text, as it does those who ask for text.
    encode, content_type = choose_encoder(wish)
    asked = wish.partition(";")[0].strip()
    return (encode, content_type) if asked in {*_TEXT, content_type.partition(";")[0]} else None


def _packed(body: bytes, content_type: str, accept_encoding: str) -> Exposition:
    if any(map(gzip_accepted, by_weight(accept_encoding))):
        return Exposition(gzip.compress(body, _GZIP_LEVEL), content_type, gzipped=True)
    return Exposition(body, content_type, gzipped=False)


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
        # one call less, where thousands a second end
        self.repeat = self._counters.repeat
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

    def started(self, lateness: float, rounds: int) -> None:
        """Note that so many rounds started, ``lateness`` seconds after the due time that they share."""
        self._counters.schedule_lag(lateness, rounds)

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
