"""Blocks of lines in, records out: a million lines a CPU second, most of which say something else.

Nearly all of a mail log is queue manager, cleanup, delivery and content filter; what such a line costs is what parsing
costs. It is touched five times, each time in C: split off, cut at the end of its head, asked for the first letters of
its message, for the mark of a client and for that of a delivery. Only a line whose letters name a reader, or with such
a mark, is looked at as a whole.

Where more belongs: what a file or a pipe puts around the lines of syslog is taken off before the loop, for a block that
has it; how often a folded line counts is a field of its record; under which names the listeners log is the affair of
``monitor.verdict.listeners``, for a template matches any name that ends like its daemon.
"""

from monitor.core.maillog import LogRecord
from monitor.wire.maillog.delivery import MARK, read_delivery
from monitor.wire.maillog.dispatch import CLIENT, HEAD_END, LETTERS, READERS, read_queued

# rsyslog cuts messages at 8 KiB (``$MaxMessageSize``): a longer line is no message of a daemon of interest.
MAX_LINE = 8192 + 256


class MaillogParser:
    """Reads a mail log and counts what it has read.

    Attributes:
        lines: lines read so far.
        unrecognised: those of them that gave no record, of no interest or not understood.
    """

    __slots__ = ("lines", "unrecognised")

    def __init__(self) -> None:
        """Begin with nothing read."""
        self.lines = 0
        self.unrecognised = 0

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
        if len(block) > count * MAX_LINE:
            lines = [line for line in lines if len(line) <= MAX_LINE]  # or each would be copied in vain
        records: list[LogRecord] = []
        readers, head_end, client, mark = READERS, HEAD_END, CLIENT, MARK
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
            if len(line) <= MAX_LINE and (record := reader(line)) is not None:
                records.append(record)
        self.lines += count
        self.unrecognised += count - len(records)
        return records
