"""Blocks of lines in, records out: a million lines a CPU second, most of which say something else.

Nearly all of a mail log is queue manager, cleanup, delivery and content filter; what such a line costs is what parsing
costs. It is touched four times, each time in C: split off, searched for the end of its head, asked for the first
letters of its message and for the mark of a delivery. Only a line whose letters name a reader, or with that mark, is
looked at as a whole.
"""

from monitor.core.maillog import LogRecord
from monitor.wire.maillog.delivery import MARK, read_delivery
from monitor.wire.maillog.dispatch import HEAD_END, LETTERS, READERS

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
        records: list[LogRecord] = []
        readers, head_end, mark = READERS, HEAD_END, MARK
        skip, letters = len(HEAD_END), len(HEAD_END) + LETTERS
        for line in lines:
            end = line.find(head_end)
            word = line[end + skip : end + letters]
            # a delivery's begins with its queue id
            if (word in readers or mark in line) and len(line) <= MAX_LINE:
                record = readers.get(word, read_delivery)(line)
                if record is not None:
                    records.append(record)
        self.lines += len(lines)
        self.unrecognised += len(lines) - len(records)
        return records
