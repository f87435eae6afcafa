"""Lines that a log daemon has folded: "repeated N times", in place of N lines that say what an earlier one said."""

import re

from monitor.wire.maillog.template import HEAD

# The words that a folded line has in place of a message, as ``dispatch`` needs them. The oldest syslogds name no
# program before theirs.
WORDS = ("", "message repeated ", "last message repeated ", "Last message ")

_TIMES = r"([1-9]\d{0,6}) times?"
_PROGRAM = r"[^ \[]{1,80}(?:\[\d{1,9}\])?: "
# rsyslog's $RepeatedMsgReduction (``ratelimit.c``): under the program's own name, the message with it
_QUOTED = re.compile(rf"({HEAD}{_PROGRAM})message repeated {_TIMES}: \[ ?(.*)\]", re.ASCII)
# syslogd of the BSDs and sysklogd; FreeBSD 12 and newer names itself (``fprintlog_successive``)
_NAMELESS = re.compile(rf"{HEAD}(?:syslogd(?:\[\d{{1,9}}\])?: )?last message repeated {_TIMES}", re.ASCII)
# syslog-ng's suppress() (``log_writer_emit_suppress_summary``): the first twenty bytes of the message
_BEGUN = re.compile(
    rf"({HEAD}{_PROGRAM})Last message '(.{{0,20}})' repeated {_TIMES}, suppressed by syslog-ng on [^ ]{{1,255}}",
    re.ASCII,
)


def unfold(line: str, previous: str) -> tuple[str, int] | None:
    """Give the line that a folded one stands for, and how often; ``None`` for every other line.

    ``previous`` is the line before it that was not folded, or ``""``.
    """
    if " repeated " not in line:
        return None
    quoted = _QUOTED.fullmatch(line)
    if quoted is not None:
        return quoted[1] + quoted[4], int(quoted[3])
    nameless = _NAMELESS.fullmatch(line)
    if nameless is not None:
        return previous, int(nameless[2])
    begun = _BEGUN.fullmatch(line)
    if begun is not None and _says(previous, _program_of(begun[1]), begun[3]):
        return previous, int(begun[4])
    return None


def _says(line: str, program: str, begun: str) -> bool:
    head, _, message = line.partition(": ")
    return message.startswith(begun) and _program_of(head) == program


def _program_of(head: str) -> str:
    return head.rstrip(": ").rpartition(" ")[2].partition("[")[0]
