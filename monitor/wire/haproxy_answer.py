"""HAProxy's answer to ``show servers state; show stat; show info``, sent as one line: cut into three, and read.

HAProxy ends each answer with an empty line (management guide, section 9.3) and carries on behind a command that it
refuses: what it says then has no other sign of failure than its words.
"""

from typing import NamedTuple

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_info import parse_info
from monitor.wire.haproxy_stat import parse_stat
from monitor.wire.servers_state import parse_servers_state

# A thousand servers make some 700 KiB; reading this much takes a quarter of a second.
MAX_ANSWER = 4 * 1024 * 1024

_COMMANDS = ("show servers state", "show stat", "show info")

# How the CLI says no (src/cli.c, src/proxy.c of HAProxy).
_REFUSALS = (
    ("Unknown command", Reason.COMMAND_FAILED),
    ("Permission denied", Reason.PERMISSION_DENIED),
    ("Can't find backend", Reason.NOT_FOUND),
    ("No such proxy", Reason.NOT_FOUND),
)


class Answers(NamedTuple):
    """The three answers' text, each without its empty line."""

    servers_state: str
    stat: str
    info: str


class HaproxyAnswer(NamedTuple):
    """The three answers, read."""

    servers: tuple[HaproxyServer, ...]
    stats: tuple[HaproxyStat, ...]
    info: HaproxyInfo


def split_answers(output: bytes) -> Answers:
    """Cut HAProxy's output into its three answers.

    Raises:
        WireError: ``CLOSED`` for no output at all, ``TOO_LARGE`` over ``MAX_ANSWER`` bytes, ``COMMAND_FAILED``,
            ``PERMISSION_DENIED`` or ``NOT_FOUND`` where HAProxy says so itself, ``MALFORMED`` where an answer is
            missing or cut off.

    """
    if len(output) > MAX_ANSWER:
        raise WireError(Reason.TOO_LARGE, f"{len(output)} bytes, at most {MAX_ANSWER} expected", output)
    text = output.decode("utf-8", "replace")
    if not text.strip():
        raise WireError(Reason.CLOSED, "HAProxy said nothing", output)
    answers = text.split("\n\n", len(_COMMANDS))
    for command, answer in zip(_COMMANDS, answers, strict=False):
        for words, reason in _REFUSALS:
            if answer.startswith(words):
                raise WireError(reason, f"{command}: {answer.splitlines()[0]}", answer.encode())
    # Behind the last empty line there is nothing, and without it the last answer is not whole.
    if len(answers) != len(_COMMANDS) + 1:
        command = _COMMANDS[min(len(answers), len(_COMMANDS)) - 1]
        raise WireError(Reason.MALFORMED, f"cut off in the answer to {command}", output[-200:])
    if answers[-1].strip():
        raise WireError(Reason.MALFORMED, "more than three answers", answers[-1].encode())
    return Answers(*answers[: len(_COMMANDS)])


def parse_answer(output: bytes) -> HaproxyAnswer:
    """Read HAProxy's output.

    Raises:
        WireError: as ``split_answers`` does, and ``MALFORMED`` where an answer is not what its command gives.

    """
    servers_state, stat, info = split_answers(output)
    return HaproxyAnswer(parse_servers_state(servers_state), parse_stat(stat), parse_info(info))
