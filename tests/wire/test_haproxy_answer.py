"""One call, three answers: cut apart, each standing for itself, and whatever else HAProxy may say."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyServer, HaproxyStat, ServerState
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_answer import COMMANDS, INFO, MAX_ANSWER, SERVERS_STATE, STAT, HaproxyAnswer, parse_answer

DATA = Path(__file__).parent / "data" / "haproxy"
CAPTURED = (DATA / "one-call.txt").read_bytes()
ANSWERS = tuple(part + b"\n\n" for part in CAPTURED.split(b"\n\n")[:3])
OF_STATE, OF_STAT, OF_INFO = ANSWERS
UNKNOWN = (
    b"Unknown command, but maybe one of the following ones is a better match:\n"
    b"  show libs                               : show loaded object files and libraries\n"
    b"  quit                                    : disconnect\n\n"
)


def call(folder: str, name: str) -> bytes:
    """Three captured answers of one moment, as one call of HAProxy's gives them."""
    kinds = ("servers_state.txt", "show_stat.csv", "show_info.txt")
    return b"".join((DATA / folder / f"{name}.{kind}").read_bytes().rstrip(b"\n") + b"\n\n" for kind in kinds)


CALLS = (CAPTURED, call("", "02-steady"), *(call(version, "steady") for version in ("3.0.11", "3.2.26")))


def test_captured() -> None:
    """The answer of a real HAProxy to the three commands in one line."""
    answer = parse_answer(CAPTURED)
    assert (answer.gaps, answer.dropped) == ({}, {})
    assert [(server.name, server.state) for server in answer.servers] == [
        ("n1", ServerState.STOPPED),
        ("n2", ServerState.STOPPED),
        ("n3", ServerState.STOPPED),
        ("n4", ServerState.RUNNING),
        ("x", ServerState.STOPPED),
    ]
    assert [stat.name for stat in answer.stats] == ["FRONTEND", "n1", "n2", "n3", "n4", "BACKEND", "x", "BACKEND"]
    assert answer.info is not None
    assert answer.info.version == "2.6.12-1+deb12u4"


@pytest.mark.parametrize("version", ["3.0.11", "3.2.26"])
def test_newer_versions(version: str) -> None:
    """All that HAProxy 3.0 and 3.2 answered, in every state that was captured, is read without a rest."""
    names = {file.name.partition(".")[0] for file in (DATA / version).iterdir()}
    assert len(names) == 7
    for name in names:
        answer = parse_answer(call(version, name))
        assert (answer.gaps, answer.dropped) == ({}, {})
        assert len(answer.servers) == 16 - (name == "dynamic-del")


@pytest.mark.parametrize(
    ("output", "reason", "detail"),
    [
        (b"", Reason.CLOSED, "HAProxy said nothing"),
        (b"\n\n", Reason.CLOSED, "HAProxy said nothing"),
        (b"\n", Reason.ARGUMENTS_LOST, "the login shell ran `echo` without its arguments"),
        (OF_STATE[:300], Reason.MALFORMED, "cut off in the answer to show servers state"),
        (b"Permission denied", Reason.PERMISSION_DENIED, "show servers state: Permission denied"),
        (UNKNOWN * 3, Reason.COMMAND_FAILED, "show servers state: Unknown command, but maybe"),
        (b"Last login: Mon Apr 20\n", Reason.MALFORMED, "cut off in the answer to show servers state"),
        (b"\xff" * (MAX_ANSWER + 1), Reason.TOO_LARGE, f"{MAX_ANSWER + 1} bytes, at most {MAX_ANSWER} expected"),
        (b"\xff" * MAX_ANSWER, Reason.MALFORMED, "cut off in the answer to show servers state"),
        (b"\n" * MAX_ANSWER, Reason.CLOSED, "HAProxy said nothing"),
    ],
)
def test_no_answer_at_all(output: bytes, reason: Reason, detail: str) -> None:
    """Where none of the three can be read, the first one's fault is named, with the first bytes of it."""
    with pytest.raises(WireError) as caught:
        parse_answer(output)
    assert caught.value.reason is reason
    assert caught.value.detail.startswith(detail)
    assert len(caught.value.data) <= 512


@pytest.mark.parametrize(
    ("output", "gaps"),
    [
        (OF_STATE, {STAT: "cut off in the answer to show stat", INFO: "cut off in the answer to show info"}),
        (OF_STATE + OF_STAT, {INFO: "cut off in the answer to show info"}),
        (CAPTURED[:-1], {INFO: "cut off in the answer to show info"}),
        (UNKNOWN + OF_STAT + OF_INFO, {SERVERS_STATE: "show servers state: Unknown command, but maybe"}),
        (OF_STATE + OF_STAT + UNKNOWN, {INFO: "show info: Unknown command, but maybe"}),
        (b"Can't find backend.\n\n" + OF_STAT + OF_INFO, {SERVERS_STATE: "show servers state: Can't find backend."}),
        (OF_STATE + b"Permission denied\n\n" + OF_INFO, {STAT: "show stat: Permission denied"}),
        (
            OF_STAT + OF_STATE + OF_INFO,
            {SERVERS_STATE: "show servers state: format version 1", STAT: "show stat: no line with"},
        ),
        (OF_STATE + OF_INFO + OF_STAT, {STAT: "show stat: no line with the fields' names", INFO: "show info: no"}),
    ],
)
def test_one_answer_costs_no_other(output: bytes, gaps: dict[str, str]) -> None:
    """What is missing, cut off, refused or something else costs that command's answer alone, and is named."""
    answer = parse_answer(output)
    assert answer.gaps.keys() == gaps.keys()
    for command, detail in gaps.items():
        assert answer.gaps[command].detail.startswith(detail)
    sound = parse_answer(CAPTURED)
    assert answer.servers == (() if SERVERS_STATE in gaps else sound.servers)
    assert answer.stats == (() if STAT in gaps else sound.stats)
    assert answer.info == (None if INFO in gaps else sound.info)


def test_a_spoilt_row_before_an_answer_is_the_last_of_the_one_before() -> None:
    """Cut off by an empty row, it takes neither the names nor a row of the next answer."""
    spoilt = OF_STATE.removesuffix(b"\n") + b"\n\0\n\n"
    answer = parse_answer(spoilt + OF_STAT.replace(b"\n", b"\n\n", 1) + OF_INFO)
    sound = parse_answer(CAPTURED)
    assert (answer.servers, answer.stats, answer.info) == (sound.servers, sound.stats, sound.info)
    assert not answer.gaps


def seen(answer: HaproxyAnswer) -> dict[str, list[HaproxyServer | HaproxyStat | tuple[str, object]]]:
    """Everything that was read, by command and in order."""
    info = () if answer.info is None else ((name, getattr(answer.info, name)) for name in answer.info.__slots__)
    return {SERVERS_STATE: list(answer.servers), STAT: list(answer.stats), INFO: list(info)}


def test_any_bytes_in_any_row_cost_that_row_alone() -> None:
    """Whatever stands in rows of HAProxy's answers, all others keep their values, and an answer is never nothing.

    Any bytes but a line feed and a quote, in up to four rows, headers included, of what four versions have answered.
    """
    reached: Counter[str] = Counter()
    row = st.one_of(
        st.binary(max_size=80),
        st.lists(st.sampled_from([b" ", b",", b"1", b"-1", b"# ", b": ", b"\r", b"\x00", b"\xff"])).map(b"".join),
        st.sampled_from([b"", b"1", b"# be_id be_name", b"# pxname,svname", b"Name: x", b"18446744073709551615"]),
    ).map(lambda each: each.replace(b"\n", b"").replace(b'"', b""))

    @settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(CALLS), st.data())
    def run(output: bytes, data: st.DataObject) -> None:
        answers = [part.split(b"\n") for part in output.split(b"\n\n")[:3]]
        headers = {(0, 0), (0, 1), (1, 0)}
        places = [(at, line) for at, lines in enumerate(answers) for line in range(len(lines))]
        spoilt = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True))
        for at, line in spoilt:
            answers[at][line] = data.draw(row)
        found = parse_answer(b"\n\n".join(b"\n".join(lines) for lines in answers) + b"\n\n")
        whole, left = seen(parse_answer(output)), seen(found)
        for at, command in enumerate(COMMANDS):
            of_header = {place for place in spoilt if place in headers and place[0] == at}
            if command in found.gaps:
                assert of_header, command
                reached["header"] += 1
                continue
            if command == INFO:
                lines = sum(place == at for place, _ in spoilt)
                kept = sum(a == b for a, b in zip(whole[command], left[command], strict=True))
                assert kept >= len(whole[command]) - lines
                reached["line"] += bool(lines)
                continue
            first = 2 if command == SERVERS_STATE else 1
            bad = {line - first for place, line in spoilt if place == at and line >= first}
            expected = [each for number, each in enumerate(whole[command]) if number not in bad]
            rows = iter(left[command])
            assert all(each in rows for each in expected), command
            reached["row"] += bool(bad)
            reached["dropped"] += command in found.dropped
            reached["empty row"] += any(not answers[at][line + first] for line in bad)

    run()
    assert all(reached[case] >= 20 for case in ("header", "line", "row", "dropped", "empty row")), reached


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.sampled_from([*ANSWERS, UNKNOWN]), st.binary(max_size=60)), max_size=5))
def test_any_bytes(parts: list[bytes]) -> None:
    """Any bytes, and any mixture of answers, give answers or a WireError."""
    with suppress(WireError):
        assert len(parse_answer(b"".join(parts)).gaps) < len(COMMANDS)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, len(CAPTURED) - 1))
def test_every_cut_is_noticed(cut: int) -> None:
    """However short of its end an answer is cut, it is never taken for whole."""
    try:
        answer = parse_answer(CAPTURED[:cut])
    except WireError:
        return
    assert INFO in answer.gaps
