"""Lines that no reader knows: whose they are is counted, and the example that is shown gives nobody away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.maillog.unread import MAX_EXAMPLE, look_at_unread

HEAD = "2026-11-30T18:16:02.448652+00:00 mail "


@pytest.mark.parametrize(
    ("line", "example"),
    [
        (
            f"{HEAD}dovecot: imap-login: Signed in: user=<info@example.org>, rip=203.0.113.1, TLS",
            "dovecot: imap-login: Signed in: … … TLS",
        ),
        (
            f"{HEAD}postfix/smtpd-proxy587/smtpd[9]: client unknown[203.0.113.1] has come",
            "postfix/smtpd-proxy587/smtpd: client … has come",
        ),
        (
            '{"log":"Nov 30 18:16:02 mail postfix/smtpd[9]: connect from unknown[203.0.113.1]\\n","stream":"stdout"}',
            "postfix/smtpd: connect from …",
        ),
        (f"{HEAD}postfix/smtpd[9]: caf\xe9 \x1b[2J", "postfix/smtpd: caf?? …"),
        ("mail exim: somebody at 203.0.113.1", "mail exim: somebody at …"),
        ("", ""),
    ],
)
def test_the_example_is_masked(line: str, example: str) -> None:
    """The program tag, and of the rest the words alone; whatever stands around the line is left out."""
    assert look_at_unread(line.encode()).example == example


def test_lines_of_postfix_and_dovecot_are_counted() -> None:
    """The first of them is the example, even behind others."""
    block = f"{HEAD}amavis[7]: passed\n{HEAD}postfix/qmgr[8]: all quiet\n{HEAD}dovecot: lmtp: bye\n{HEAD}cron: x\n"
    assert look_at_unread(block.encode()) == (2, "postfix/qmgr: all quiet")


@given(st.binary(max_size=400), st.sampled_from([b"", b"mail dovecot: ", b"x postfix/smtpd[1]: "]))
def test_any_bytes_give_a_bounded_line_of_printable_characters(data: bytes, before: bytes) -> None:
    """Nothing of it moves a cursor, and no digit but those of the program tag is left."""
    unread = look_at_unread(before + data)
    assert len(unread.example) <= MAX_EXAMPLE
    assert all(" " <= char <= "~" or char == "…" for char in unread.example)
    assert unread.tagged <= 1 + data.count(b"\n")
