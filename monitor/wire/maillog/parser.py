"""Blocks of lines in, records out: a million lines a CPU second, most of which say something else.

Nearly all of a mail log is queue manager, cleanup, delivery and content filter; what such a line costs is what parsing
costs. It is touched five times, each time in C: split off, cut at the end of its head, asked for the first letters of
its message, for the mark of a client and for that of a delivery. Only a line whose letters name a reader, or with such
a mark, is looked at as a whole.

A block in which every line is plain (see ``envelopes``) and none is folded is read as it is. Any other is taken out of
its envelopes first, line by line. Under which names the listeners log is the affair of ``monitor.verdict.listeners``,
for a template matches any name that ends like its daemon.
"""

from collections.abc import Mapping

from monitor.core.maillog import LogRecord
from monitor.wire.maillog.delivery import MARK, read_delivery
from monitor.wire.maillog.dispatch import CLIENT, HEAD_END, LETTERS, READERS, Reader, read_queued
from monitor.wire.maillog.envelopes import MAX_LINE, Opener, is_plain
from monitor.wire.maillog.folded import WORDS, unfold

# As many letters as the times of one log have in common: the century, or the month's name.
_COMMON = 3
# Of a block so many lines are looked at for an envelope, and so many of those that a reader has left, as it does with
# a line in one: all of a block of few lines, such as a log is followed by.
_LOOKED_AT = 64
_LEFT_LOOKED_AT = 16


class _NotPlainError(Exception):
    """A line that may be folded, or has an envelope, in a block that seemed to have none."""


def _leave(line: str) -> LogRecord | None:
    raise _NotPlainError(line)


_READERS_OF_PLAIN = {**READERS, **{words[:LETTERS]: _leave for words in WORDS}}


class MaillogParser:
    """Reads a mail log and counts what it has read.

    Attributes:
        lines: lines read so far.
        unrecognised: those of them that gave no record, of no interest or not understood.
    """

    __slots__ = ("_opener", "_previous", "lines", "unrecognised")

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.lines = 0
        self.unrecognised = 0
        self._opener = Opener()
        self._previous = ""

    def feed(self, block: bytes) -> list[LogRecord]:
        """Read whole lines, any bytes, the last with or without its newline; give the records in their order.

        A line of more than ``MAX_LINE`` bytes is one that is not understood.
        """
        # Latin-1 takes any bytes, and takes no time; what matters here is ASCII. Lines end at LF alone: str.splitlines
        # would also end them at characters that a client can write, U+0085 for one.
        lines = block.decode("latin-1").split("\n")
        if not lines[-1]:
            lines.pop()
        count = len(lines)
        records = self._records(lines, len(block)) if lines else []
        self.lines += count
        self.unrecognised += count - len(records)
        return records

    def _records(self, lines: list[str], size: int) -> list[LogRecord]:
        if is_plain(lines[0]) and is_plain(lines[-1]) and _alike(lines):
            left: list[str] = []
            try:
                records = _read(lines, _READERS_OF_PLAIN, size, left)
            except _NotPlainError:
                pass
            else:
                if all(map(is_plain, left[:: 1 + len(left) // _LEFT_LOOKED_AT])):
                    self._previous = lines[-1]
                    self._opener.saw_plain()
                    return records
        return self._opened(lines)

    def _opened(self, lines: list[str]) -> list[LogRecord]:
        """Read lines that may be in envelopes or folded."""
        records: list[LogRecord] = []
        plain: list[str] = []
        for line in lines:
            opened = self._opener.open(line)
            if opened is None:
                continue
            folded = unfold(opened, self._previous)
            if folded is None:
                self._previous = opened
                if len(opened) <= MAX_LINE:
                    plain.append(opened)
            else:
                records += _read(plain)
                plain.clear()
                earlier, repeats = folded
                records += (record._replace(repeats=repeats) for record in _read([earlier]))
        return records + _read(plain)


def _alike(lines: list[str]) -> bool:
    """Tell whether lines begin alike, as those do that one daemon has stamped."""
    lines = lines[:: 1 + len(lines) // _LOOKED_AT]
    # What the least and the greatest begin with, all others do.
    return min(lines)[:_COMMON] == max(lines)[:_COMMON]


def _read(
    lines: list[str], readers: Mapping[str, Reader] = READERS, size: int = 0, left: list[str] | None = None
) -> list[LogRecord]:
    """Read lines without envelopes, of ``size`` bytes together; ``left`` gets those that a reader made nothing of."""
    records: list[LogRecord] = []
    head_end, client, mark = HEAD_END, CLIENT, MARK
    if size > len(lines) * MAX_LINE:
        lines = [line for line in lines if len(line) <= MAX_LINE]  # or each would be copied in vain
    for line in lines:
        message = line.partition(head_end)[2]
        word = message[:LETTERS]
        if word in readers:
            reader = readers[word]
        elif client in message:
            reader = read_queued
        elif mark in message:
            reader = read_delivery
        else:
            continue
        if len(line) > MAX_LINE:
            continue
        if (record := reader(line)) is not None:
            records.append(record)
        elif left is not None:
            left.append(line)
    return records
