"""HAProxy's answer to ``show servers state; show stat; show info``, sent as one line: cut into three, and read.

HAProxy ends each answer with an empty line (management guide, section 9.3) and carries on behind a command that it
refuses: what it says then has no other sign of failure than its words. Each answer stands for itself: one that cannot
be read costs neither of the others.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

from monitor.core.errors import WireError
from monitor.core.haproxy import Dropped, HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_stats import Rows, parse_info, parse_servers_state, parse_stat

T = TypeVar("T")

# A thousand servers make some 700 KiB; reading this much takes a quarter of a second.
MAX_ANSWER = 4 * 1024 * 1024

SERVERS_STATE, STAT, INFO = "show servers state", "show stat", "show info"
COMMANDS = (SERVERS_STATE, STAT, INFO)

# What is left of the whole command where a login shell runs only its first word: ``echo`` alone.
_ECHO_ALONE = b"\n"
# How the CLI says no (src/cli.c, src/proxy.c of HAProxy).
_REFUSALS = (
    ("Unknown command", Reason.COMMAND_FAILED),
    ("Permission denied", Reason.PERMISSION_DENIED),
    ("Can't find backend", Reason.NOT_FOUND),
    ("No such proxy", Reason.NOT_FOUND),
)
# What a line of each answer looks like, its first one included.
_SHAPES = (
    re.compile(r"1$|# be_id |[0-9]+ (?:\S+ ){15}"),
    re.compile(r"# pxname,|(?:[^,]*,){20}"),
    re.compile(r"[A-Z][\w.() -]{1,40}: "),
)


class HaproxyAnswer(NamedTuple):
    """The three answers, read; ``gaps`` says which could not be, ``dropped`` which rows of the others, by command."""

    servers: tuple[HaproxyServer, ...]
    stats: tuple[HaproxyStat, ...]
    info: HaproxyInfo | None
    gaps: Mapping[str, WireError]
    dropped: Mapping[str, Dropped]


class _Answer(NamedTuple):
    """One answer's text without its empty line; ``whole`` is false where it ends without one."""

    text: str
    whole: bool = True


def parse_answer(output: bytes) -> HaproxyAnswer:
    """Read HAProxy's output.

    Raises:
        WireError: ``CLOSED`` for no output at all, ``ARGUMENTS_LOST`` where the command never came as far as HAProxy,
            ``TOO_LARGE`` over ``MAX_ANSWER`` bytes; where none of the answers can be read, what is wrong with the
            first: ``COMMAND_FAILED``, ``PERMISSION_DENIED`` or ``NOT_FOUND`` where HAProxy says so itself,
            ``MALFORMED`` for one that is cut off, or is not what its command gives.

    """
    if len(output) > MAX_ANSWER:
        raise WireError(Reason.TOO_LARGE, f"{len(output)} bytes, at most {MAX_ANSWER} expected", output)
    if output == _ECHO_ALONE:
        detail = "the login shell ran `echo` without its arguments, and nothing of the rest of the command"
        raise WireError(Reason.ARGUMENTS_LOST, detail, output)
    text = output.decode("utf-8", "replace")
    if not text.strip():
        raise WireError(Reason.CLOSED, "HAProxy said nothing", output)
    answers = _split(text)
    gaps: dict[str, WireError] = {}
    dropped: dict[str, Dropped] = {}

    def read(command: str, parse: Callable[[str], Rows[T]]) -> tuple[T, ...]:
        try:
            rows = parse(_sound(command, answers))
        except WireError as error:
            gaps[command] = error
            return ()
        if rows.dropped is not None:
            dropped[command] = rows.dropped
        return rows.read

    servers, stats = read(SERVERS_STATE, parse_servers_state), read(STAT, parse_stat)
    info = next(iter(read(INFO, parse_info)), None)
    if len(gaps) == len(COMMANDS):
        raise gaps[SERVERS_STATE]
    return HaproxyAnswer(servers, stats, info, gaps, dropped)


def _sound(command: str, answers: Sequence[_Answer]) -> str:
    """The text of a command's answer, where HAProxy gave one, and all of it."""
    at = COMMANDS.index(command)
    answer = answers[at] if at < len(answers) else _Answer("", whole=False)
    for words, reason in _REFUSALS:
        if answer.text.startswith(words):
            raise WireError(reason, f"{command}: {answer.text.splitlines()[0]}", answer.text.encode())
    if not answer.whole:
        raise WireError(Reason.MALFORMED, f"cut off in the answer to {command}", answer.text[-200:].encode())
    return answer.text


def _split(text: str) -> list[_Answer]:
    """Cut the output at the empty lines; an empty row inside an answer makes more pieces, told apart by their lines."""
    *pieces, rest = text.split("\n\n")
    whole = not rest.strip()
    pieces = pieces if whole else [*pieces, rest]
    if len(pieces) > len(COMMANDS):
        stat, info = _borders(pieces)
        pieces = ["\n\n".join(each) for each in (pieces[:stat], pieces[stat:info], pieces[info:])]
    # an empty row at the end of an answer is left at the next one's beginning
    return [_Answer(piece.lstrip("\n"), whole or number < len(pieces)) for number, piece in enumerate(pieces, 1)]


def _borders(pieces: Sequence[str]) -> tuple[int, int]:
    """Where the second and the third answer begin, so that most lines look like their own answer's."""
    state, stat, info = zip(*map(_looks, pieces), strict=True)
    gains_stat = accumulate((a - b for a, b in zip(state, stat, strict=True)), initial=0)
    gains_info = accumulate((a - b for a, b in zip(stat, info, strict=True)), initial=0)
    best, borders = -1, (0, 0)
    highest, first = -1, 0
    offset = sum(info)
    for at, (of_stat, of_info) in enumerate(zip(gains_stat, gains_info, strict=True)):
        if of_stat >= highest:  # a row of no shape ends an answer: at the next one's head it would hide its names
            highest, first = of_stat, at
        if highest + of_info + offset > best:
            best, borders = highest + of_info + offset, (first, at)
    return borders


def _looks(piece: str) -> tuple[int, ...]:
    """How many of the lines look like each answer's."""
    found = Counter(at for line in piece.split("\n") for at, shape in enumerate(_SHAPES) if shape.match(line))
    return tuple(found[at] for at in range(len(_SHAPES)))
