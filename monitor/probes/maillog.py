"""``maillog``: the mail log, followed line by line: real client IPs, by listener, and what goes wrong."""

from dataclasses import dataclass

from monitor.core.conversation import Failure
from monitor.core.errors import LinkError
from monitor.core.maillog import LogRecord
from monitor.core.moments import seconds_of
from monitor.core.observations import MaillogBatch, Span
from monitor.core.taxonomy import Phase
from monitor.links.log_source import LogBlock, LogSource
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.unread import Unread, look_at_unread

_MINUTE = 60.0
_ALL_READ = Unread(0, "")


@dataclass(frozen=True, slots=True)
class MaillogSettings:
    """One path's mail log and the name of its source, as the ``source`` label shows it."""

    path: str
    source: str


class LogFollower:
    """Reads one source; from block to block the parser remembers a line or two, and the envelopes that it met."""

    def __init__(self, settings: MaillogSettings, source: LogSource) -> None:
        """Take the settings and the source to follow."""
        self.settings = settings
        self.source = source
        self._parser = MaillogParser()

    async def run(self) -> LogBlock | Failure:
        """Wait for the next block of lines, or for a sign of life."""
        try:
            return await self.source.read()
        except LinkError as error:
            return Failure(Phase.FOLLOW, error.reason, error.detail)

    def judge(self, block: LogBlock | Failure, span: Span) -> MaillogBatch:
        """Make the batch of one block."""
        path, source = self.settings.path, self.settings.source
        if isinstance(block, Failure):
            return MaillogBatch(path, source, span.finished, span.at, failure=block)
        lines, unrecognised = self._parser.lines, self._parser.unrecognised
        records = self._parser.feed(block.data)
        unread = look_at_unread(block.data) if block.data and not records else _ALL_READ
        return MaillogBatch(
            path=path,
            source=source,
            finished=span.finished,
            at=span.at,
            records=tuple(records),
            lines=self._parser.lines - lines,
            unrecognised=self._parser.unrecognised - unrecognised,
            lag=max(0.0, span.at - block.written) if block.data and block.written is not None else None,
            tagged=unread.tagged,
            example=unread.example,
        )


def past_batches(settings: MaillogSettings, data: bytes, span: Span, within: float) -> list[MaillogBatch]:
    """Make batches of lines that were written before anybody followed, one a minute, each finished when it was written.

    Lines older than ``within`` seconds, and those whose stamp tells no year (RFC 3164), are left out.
    """
    batches: dict[int, list[LogRecord]] = {}
    for record in MaillogParser().feed(data):
        written = seconds_of(record.stamp)
        age = None if written is None else max(0.0, span.at - written)
        if age is not None and age <= within:
            batches.setdefault(int(age // _MINUTE), []).append(record)
    return [
        MaillogBatch(
            path=settings.path,
            source=settings.source,
            finished=span.finished - minutes * _MINUTE,
            at=span.at - minutes * _MINUTE,
            records=tuple(records),
            lines=len(records),
        )
        for minutes, records in sorted(batches.items(), reverse=True)
    ]
