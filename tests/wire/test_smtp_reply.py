"""One SMTP reply: its grammar, and what a server gives away in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.conversation import DialogueOutcome, Script
from monitor.core.taxonomy import Reason
from monitor.wire.lines import MAX_REPLY_LINES
from monitor.wire.smtp_reply import Reply, ReplyReader, believed_address
from tests.wire.playbook import Cut, Played, drive, every_cut


def _read(data: bytes, cut: Cut, *, greeting: bool = False) -> tuple[Played, list[Reply]]:
    read: list[Reply] = []

    def script() -> Script:
        read.append((yield from ReplyReader().read(greeting=greeting)))
        return DialogueOutcome()

    return drive(script(), [cut.pieces(data)]), read


@every_cut
@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"250 2.0.0 Ok\r\n", Reply(250, ("2.0.0 Ok",))),
        (b"250\r\n", Reply(250, ("",))),
        (b"250 \n", Reply(250, ("",))),
        (b"250-mail.lab.test\r\n250-\r\n250 CHUNKING\r\n", Reply(250, ("mail.lab.test", "", "CHUNKING"))),
        (b"220 Gr\xc3\xbc\xc3\x9fe \x00\xff\r\n", Reply(220, ("Grüße \\x00\\xff",))),
    ],
)
def test_replies_of_one_line_and_of_several(data: bytes, reply: Reply, cut: Cut) -> None:
    """RFC 5321 section 4.2: a hyphen goes on, a space or the bare code ends; odd bytes are kept visible."""
    assert _read(data, cut)[1] == [reply]


@every_cut
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\x00\xf8\n", Reason.MALFORMED),
        (b"\r\n", Reason.MALFORMED),
        (b"25 Ok\r\n", Reason.MALFORMED),
        (b"2500 Ok\r\n", Reason.MALFORMED),
        (b"150 go on\r\n", Reason.MALFORMED),
        (b"* OK IMAP4rev1\r\n", Reason.MALFORMED),
        (b"\xd9\xa2\xd9\xa2\xd9\xa0 hello\r\n", Reason.MALFORMED),
        (b"250-mail\r\n220 Ok\r\n", Reason.MALFORMED),
        (b"250-mail\r\n", Reason.CLOSED),
        (b"250-x\r\n" * MAX_REPLY_LINES + b"250 x\r\n", Reason.TOO_LARGE),
        (b"250 " + b"x" * 4000, Reason.TOO_LARGE),
    ],
)
def test_what_is_no_reply(data: bytes, reason: Reason, cut: Cut) -> None:
    """Binary, other protocols, codes that change, replies without end: each is refused with its bytes."""
    played, _ = _read(data, cut)
    assert played.failure == (None, reason)
    assert played.error is not None
    assert data.startswith(played.error.data)


@every_cut
def test_a_refusal_behind_a_teaser_is_the_greeting(cut: Cut) -> None:
    """The teaser of postscreen binds nobody: what comes after it, by another code, is the whole greeting."""
    data = b"220-mail.lab.test ESMTP\r\n421-4.7.0 too many\r\n421 4.7.0 connections\r\n"
    played, replies = _read(data, cut, greeting=True)
    assert replies == [Reply(421, ("4.7.0 too many", "4.7.0 connections"), after_teaser=True)]
    assert played.said == (". mark teaser",)


@pytest.mark.parametrize("data", [b"220-mail\r\n250 ok\r\n", b"421-no\r\n554 never\r\n"])
def test_a_greeting_changes_its_code_in_no_other_way(data: bytes) -> None:
    """Only a teaser may be followed by another code, and only by a refusal."""
    assert _read(data, Cut("whole", 100), greeting=True)[0].failure == (None, Reason.MALFORMED)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("554 5.7.1 <unknown[203.0.113.77]>: Client host rejected: Access denied", "203.0.113.77"),
        ("554 5.7.1 <mx.example.org[192.0.2.9]>: Client host rejected: Access denied", "192.0.2.9"),
        ("554 5.7.1 <unknown[203.0.113.77]:40001>: Client host rejected: Access denied", "203.0.113.77"),
        ("554 5.7.1 <unknown[2001:DB8::0:77]>: Client host rejected: Access denied", "2001:db8::77"),
        ("554 5.7.1 <unknown[IPv6:2001:db8::77]:40001>: Client host rejected: Access denied", "2001:db8::77"),
        ("554 5.7.1 <10-0-20-1.mail.svc.cluster.local[10.0.20.1]>: Client host rejected", "10.0.20.1"),
        ("554 5.7.1 <unknown[203.0.113.77]>: Client host rejected: Access denied 5.7.1 Ask postmaster", "203.0.113.77"),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.77]", "203.0.113.77"),
        ("554 5.7.1 Service unavailable; Client host [203.0.113.77] blocked using dnsbl.lab.test", "203.0.113.77"),
        ("550 5.7.1 Service unavailable; client [203.0.113.77] blocked using dnsbl.lab.test", "203.0.113.77"),
        ("554 5.7.1 <canary@mailpath.invalid>: Relay access denied", None),
        ("554 5.7.1 <canary@[203.0.113.77]>: Relay access denied", None),
        ("554 5.7.1 <unknown[unknown]>: Client host rejected: Access denied", None),
        ("554 5.7.1 <unknown[1.2.3]>: Client host rejected: Access denied", None),
        ("250 2.1.5 Ok", None),
        ("", None),
    ],
)
def test_the_address_that_a_reply_names(text: str, address: str | None) -> None:
    """Every form in which Postfix names its client gives the address, and nobody else's address is taken for it."""
    assert believed_address(text) == address


@given(st.text())
def test_any_text_names_an_address_or_none(text: str) -> None:
    """No reply, however odd, makes the parser fail."""
    assert believed_address(f"554 5.7.1 <{text}[203.0.113.77]>: Client host rejected") in {"203.0.113.77", None} | {
        believed_address(text)
    }


@pytest.mark.parametrize(
    ("line", "refuses_header", "takes_for_commands"),
    [
        ("421 4.3.0 mail.lab.test Server local error", True, False),
        ("421 4.3.2 No system resources", True, False),
        ("421 4.3.2 All screening ports are busy", False, False),
        ("421 4.3.2 All server ports are busy", False, False),
        ("421 4.7.0 mail.lab.test Error: too many connections from 192.0.2.190", False, False),
        ("500 5.5.2 Error: bad syntax", False, True),
        ("502 5.5.2 Error: command not recognized", False, True),
        ("221 2.0.0 Bye", False, True),
        ("221 2.7.0 Error: I can break rules, too. Goodbye.", False, True),
        ("554 5.5.0 Error: SMTP protocol synchronization", False, True),
        ("554 SMTP synchronization error", False, True),
        ("521 5.5.1 Protocol error", False, True),
        ("504 5.5.2 <probe>: Helo command rejected: need fully-qualified hostname", False, False),
        ("554 5.7.1 <unknown[192.0.2.77]>: Client host rejected: Access denied", False, False),
    ],
)
def test_what_a_reply_says_about_our_header(line: str, *, refuses_header: bool, takes_for_commands: bool) -> None:
    """A header that was refused, one that was read as commands, and refusals that have nothing to do with it."""
    reply = Reply(int(line[:3]), (line[4:],))
    assert (reply.refuses_header, reply.takes_header_for_commands) == (refuses_header, takes_for_commands)


def test_the_keywords_of_ehlo() -> None:
    """Keywords come as spelled and without parameters; the first line is the server's name and no keyword."""
    reply = Reply(250, ("mail.lab.test Hello", "PIPELINING", "SIZE 10240000", "AUTH=PLAIN LOGIN", "", "starttls"))
    assert reply.ehlo_keywords == ("PIPELINING", "SIZE", "AUTH=PLAIN", "starttls")
