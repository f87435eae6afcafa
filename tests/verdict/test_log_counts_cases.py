"""Logs as people have them, each with the counts that are right: other envelopes, other names, other fields."""

from collections import Counter

import pytest

from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.wire.maillog import MaillogParser
from tests.verdict.build import EDGE
from tests.verdict.lines import CLAIMED, Log, path
from tests.wire.maillog.lines import DATA

CASES = DATA / "cases"
STAMP = "2026-11-30T18:16:00.448652+00:00 mail "
# Of mailcow and of docker-mailserver's chart, by what a handshake of ours leaves under each.
NAMES = {
    "haproxy/postscreen": 2525,
    "postfix/smtpd-proxyprotocol/postscreen": 2525,
    "postfix/submission-haproxy/smtpd": 5587,
    "postfix/submission-proxyprotocol/smtpd": 5587,
    "postfix/submissions-proxyprotocol/smtpd": 4465,
}


def counted(data: bytes, claims: dict[str, int] | None = None) -> MaillogCounts:
    """Count a log, read from its beginning."""
    parser = MaillogParser()
    records = tuple(parser.feed(data))
    batch = MaillogBatch("home", "file", 0.0, 1_000_000.0, records, parser.lines, parser.unrecognised)
    return Log(path((), claims=claims or {})).read(batch)


@pytest.mark.parametrize(
    ("case", "connections"),
    [
        ("cri", {(5587, Origin.EXTERNAL): 5}),
        ("short-iso", {(5587, Origin.EXTERNAL): 5}),
        ("dovecot-2.4-logins", {(10993, Origin.EXTERNAL): 6, (10993, Origin.EDGE): 6}),
        ("dovecot-no-session", {(10993, Origin.EDGE): 6}),
        ("other-syslog-names", {(5587, Origin.EDGE): 5}),
    ],
)
def test_connections_are_counted(case: str, connections: dict[tuple[int, Origin], int]) -> None:
    """By listener and origin, as if the lines were those of the runbook."""
    counts = counted((CASES / f"{case}.log").read_bytes())
    assert counts.connections == connections
    assert counts.unrecognised == 0


def test_unknown_names_are_told() -> None:
    """All of them, and what is known is none of them."""
    data = (CASES / "other-syslog-names.log").read_bytes()
    assert counted(data).unnamed.unknown == tuple(sorted(NAMES))
    assert counted((CASES / "cri.log").read_bytes()).unnamed.unknown == ()


@pytest.mark.parametrize("program", NAMES)
def test_names_that_our_handshakes_have_taught_are_counted(program: str) -> None:
    """One line of ours, and clients under the same name count at the listener; the other names stay unknown."""
    data = (CASES / "other-syslog-names.log").read_bytes()
    connect = f"CONNECT from [{CLAIMED}]:4711 to [{EDGE.address}]:25" if "postscreen" in program else ""
    ours = f"{STAMP}{program}[1]: {connect or f'connect from unknown[{CLAIMED}]'}\n".encode()
    counts = counted(ours + data, {CLAIMED: NAMES[program]})
    expected = Counter({(5587, Origin.EDGE): 5})
    expected.update({(NAMES[program], Origin.EDGE): 5, (NAMES[program], Origin.PROBE): 1})
    assert counts.connections == expected
    assert counts.unnamed.unknown == tuple(sorted(NAMES.keys() - {program}))


@pytest.mark.parametrize("frame", ["mailserver  | {}", "{}", "[pod/mailserver-0/docker-mailserver] {}"])
def test_other_names_in_other_envelopes(frame: str) -> None:
    """What stands around a line changes neither its name nor who came."""
    lines = (CASES / "other-syslog-names.log").read_text().splitlines()
    counts = counted("".join(frame.format(line) + "\n" for line in lines).encode())
    assert counts.connections == {(5587, Origin.EDGE): 5}
    assert counts.unnamed.unknown == tuple(sorted(NAMES))


def test_internal_listeners_without_proxy_are_no_concern() -> None:
    """Content filters hand mail back over loopback, under names of their own; the house's hosts may have a listener."""
    data = "".join(
        f"{STAMP}postfix/{name}/smtpd[1]: connect from x[{address}]\n"
        for name, address in (("smtp-amavis", "127.0.0.1"), ("internal", "10.0.20.33"), ("127.0.0.1:10025", "::1"))
    )
    assert counted(data.encode()).unnamed.unknown == ()


def test_messages_without_programs_are_told() -> None:
    """``journalctl -o cat``: nothing is counted, and that is said."""
    counts = counted(b"connect from unknown[203.0.113.1]\nCONNECT from [203.0.113.2]:7 to [10.0.20.1]:25\n")
    assert counts.connections == {}
    assert counts.unnamed.unknown == ("-/postscreen", "-/smtpd")
