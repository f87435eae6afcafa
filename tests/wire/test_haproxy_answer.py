"""One call, three answers: cut apart, and whatever else HAProxy may say."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import ServerState
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_answer import MAX_ANSWER, parse_answer, split_answers

CAPTURED = (Path(__file__).parent / "data" / "haproxy" / "one-call.txt").read_bytes()
STATE, STAT, INFO = (part + b"\n\n" for part in CAPTURED.split(b"\n\n")[:3])
UNKNOWN = (
    b"Unknown command, but maybe one of the following ones is a better match:\n"
    b"  show libs                               : show loaded object files and libraries\n"
    b"  quit                                    : disconnect\n\n"
)


def test_captured() -> None:
    """The answer of a real HAProxy to the three commands in one line."""
    answer = parse_answer(CAPTURED)
    assert [(server.name, server.state) for server in answer.servers] == [
        ("n1", ServerState.STOPPED),
        ("n2", ServerState.STOPPED),
        ("n3", ServerState.STOPPED),
        ("n4", ServerState.RUNNING),
        ("x", ServerState.STOPPED),
    ]
    assert [stat.name for stat in answer.stats] == ["FRONTEND", "n1", "n2", "n3", "n4", "BACKEND", "x", "BACKEND"]
    assert answer.info.version == "2.6.12-1+deb12u4"
    answers = split_answers(CAPTURED)
    assert answers.servers_state.startswith("1\n# be_id")
    assert answers.stat.startswith("# pxname")
    assert answers.info.startswith("Name: HAProxy")


@pytest.mark.parametrize(
    ("output", "reason", "detail"),
    [
        (b"", Reason.CLOSED, "HAProxy said nothing"),
        (b"\n\n", Reason.CLOSED, "HAProxy said nothing"),
        (STATE, Reason.MALFORMED, "cut off in the answer to show stat"),
        (STATE + STAT, Reason.MALFORMED, "cut off in the answer to show info"),
        (STATE[:300], Reason.MALFORMED, "cut off in the answer to show servers state"),
        (CAPTURED[:-1], Reason.MALFORMED, "cut off in the answer to show info"),
        (CAPTURED + b"x", Reason.MALFORMED, "more than three answers"),
        (UNKNOWN + STAT + INFO, Reason.COMMAND_FAILED, "show servers state: Unknown command, but maybe"),
        (STATE + STAT + UNKNOWN, Reason.COMMAND_FAILED, "show info: Unknown command, but maybe"),
        (b"Can't find backend.\n\n" + STAT + INFO, Reason.NOT_FOUND, "show servers state: Can't find backend."),
        (STATE + b"Permission denied\n\n" + INFO, Reason.PERMISSION_DENIED, "show stat: Permission denied"),
        (b"Permission denied", Reason.PERMISSION_DENIED, "show servers state: Permission denied"),
        (STAT + STATE + INFO, Reason.MALFORMED, "show servers state: format version 1 expected"),
        (STATE + INFO + STAT, Reason.MALFORMED, "show stat: no line with the fields' names"),
        (b"\xff" * (MAX_ANSWER + 1), Reason.TOO_LARGE, f"{MAX_ANSWER + 1} bytes, at most {MAX_ANSWER} expected"),
        (b"\xff" * MAX_ANSWER, Reason.MALFORMED, "cut off in the answer to show servers state"),
        (b"\n" * MAX_ANSWER, Reason.CLOSED, "HAProxy said nothing"),
    ],
)
def test_refused(output: bytes, reason: Reason, detail: str) -> None:
    """What is missing, cut off, refused, too much or something else is named, with the first bytes of it."""
    with pytest.raises(WireError) as caught:
        parse_answer(output)
    assert caught.value.reason is reason
    assert caught.value.detail.startswith(detail)
    assert len(caught.value.data) <= 512


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.sampled_from([STATE, STAT, INFO, UNKNOWN]), st.binary(max_size=60)), max_size=5))
def test_any_bytes(parts: list[bytes]) -> None:
    """Any bytes, and any mixture of answers, give the three or a WireError."""
    with suppress(WireError):
        assert parse_answer(b"".join(parts)).info.pid > 0


@settings(deadline=None, max_examples=100)
@given(st.integers(0, len(CAPTURED) - 1))
def test_every_cut_is_noticed(cut: int) -> None:
    """However short of its end an answer is cut, it is never taken for whole."""
    with pytest.raises(WireError):
        parse_answer(CAPTURED[:cut])
