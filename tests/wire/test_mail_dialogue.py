"""Whole dialogues from the PROXY header on, and what must hold against any peer whatever it sends."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.core.conversation import Script
from monitor.core.errors import KEPT_BYTES
from monitor.core.model import MailProtocol
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.smtp import ReplyProof
from tests.wire.playbook import Cut, drive, every_cut, play

# The dialogue passes the header on as it is; version 1 is the one that can be read here.
HEADER = b"PROXY TCP4 192.0.2.78 203.0.113.25 40078 25\r\n"
HEADER_SENT = f"""
. proxy_header
> {HEADER.decode().strip()}
"""
TLS = """
. tls_handshake
. tls
"""
IMAP = """
. greeting
< * OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.
. capability
> a1 CAPABILITY
< * CAPABILITY IMAP4rev1
< a1 OK Pre-login capabilities listed, post-login capabilities have more.
. quit
> a2 LOGOUT
< * BYE Logging out
< a2 OK Logout completed.
"""
BANNER = """
. greeting
< 220 mail.lab.test ESMTP
. mark banner
"""
HELLO = """
. ehlo
> EHLO mailpath.invalid
< 250-mail.lab.test
< 250-SIZE 10240000
< 250 STARTTLS
"""
STARTTLS = """
. starttls
> STARTTLS
< 220 2.0.0 Ready to start TLS
"""
QUIT = """
. quit
> QUIT
< 221 2.0.0 Bye
"""
TRANSCRIPTS = {
    MailProtocol.SMTP: BANNER + HELLO + STARTTLS + TLS + HELLO + QUIT,
    MailProtocol.SUBMISSION: BANNER + HELLO + STARTTLS + TLS + HELLO + QUIT,
    MailProtocol.SMTPS: TLS + BANNER + HELLO + QUIT,
    MailProtocol.IMAPS: TLS + IMAP,
}


def _dialogue(protocol: MailProtocol, header: bytes | None = HEADER) -> Script:
    return mail_dialogue(protocol, header=header, helo="mailpath.invalid")


@every_cut
@pytest.mark.parametrize("protocol", MailProtocol)
def test_a_handshake_is_the_front_doors_dialogue_behind_a_header(protocol: MailProtocol, cut: Cut) -> None:
    """Header in one write, TLS right after it where it is implicit, then what any client would say."""
    front_door = play(_dialogue(protocol, None), TRANSCRIPTS[protocol], cut)
    handshake = play(_dialogue(protocol), HEADER_SENT + TRANSCRIPTS[protocol], cut)
    assert handshake.result == front_door.result
    assert handshake.result.starttls == (protocol in {MailProtocol.SMTP, MailProtocol.SUBMISSION})


def test_a_header_that_was_read_as_commands_is_told_whoever_sent_it() -> None:
    """The same answers to the same EHLO mean the same at a front door: there the header was HAProxy's."""
    refused = BANNER + ". ehlo\n> EHLO mailpath.invalid\n< 500 5.5.2 Error: bad syntax\n> HELO mailpath.invalid\n"
    ours = play(_dialogue(MailProtocol.SUBMISSION), HEADER_SENT + refused)
    theirs = play(_dialogue(MailProtocol.SUBMISSION, None), refused)
    assert ours.failure == theirs.failure == (Phase.EHLO, Reason.HEADER_NOT_CONSUMED)


def test_inside_implicit_tls_a_header_is_no_longer_in_doubt() -> None:
    """TLS came up behind the header, so it was read: 500 to EHLO is the server's own trouble."""
    refused = TLS + BANNER + ". ehlo\n> EHLO mailpath.invalid\n< 500 5.5.2 Error: bad syntax\n> HELO mailpath.invalid\n"
    assert play(_dialogue(MailProtocol.SMTPS), HEADER_SENT + refused).failure == (Phase.EHLO, Reason.TURNED_AWAY)


# A peer that does well, turn by turn; turn 0 comes before anything is said.
GOOD_SMTP = [
    b"220-wait\r\n220 mail\r\n",
    b"250-mail\r\n250 STARTTLS\r\n",
    b"220 go\r\n",
    b"",
    b"250 mail\r\n",
    b"250 Ok\r\n",
    b"554 5.7.1 <unknown[192.0.2.78]>: Client host rejected\r\n",
    b"250 Ok\r\n",
    b"250 Ok\r\n",
    b"221 Bye\r\n",
]
GOOD_SMTPS = [b"", *GOOD_SMTP[:1], *GOOD_SMTP[4:]]
GOOD_IMAPS = [b"", b"* OK hi\r\n", b"* CAPABILITY ID\r\na1 OK\r\n", b"a2 OK\r\n", b"* BYE\r\na3 OK\r\n"]
GOOD = {
    MailProtocol.SMTP: GOOD_SMTP,
    MailProtocol.SUBMISSION: GOOD_SMTP,
    MailProtocol.SMTPS: GOOD_SMTPS,
    MailProtocol.IMAPS: GOOD_IMAPS,
}
LINES = [
    *(b"220 mail", b"220-mail", b"250 Ok", b"250-Ok", b"250 STARTTLS", b"221 Bye", b"334 "),
    *(b"421 4.3.0 no", b"421 4.7.0 no", b"454 no", b"500 5.5.2 what", b"554-5.7.1 <unknown[192.0.2.1]>: no"),
    *(b"* OK ready", b"* CAPABILITY IMAP4rev1 ID", b"* BYE", b"a1 OK", b"a2 OK", b"a3 NO", b"* X {9}", b"+ "),
]
lines = st.builds(
    bytes.__add__, st.sampled_from(LINES) | st.binary(max_size=40), st.sampled_from([b"\r\n", b"\r\n", b"\n", b""])
)
says = st.lists(lines, max_size=4).map(b"".join)


@st.composite
def peers(draw: st.DrawFn) -> tuple[MailProtocol, list[bytes]]:
    """A peer that says anything, or one that does well but for a turn or two."""
    protocol = draw(st.sampled_from(MailProtocol))
    if draw(st.booleans()):
        return protocol, draw(st.lists(says, max_size=6))
    turns = list(GOOD[protocol])
    for at in draw(st.lists(st.integers(0, len(turns) - 1), max_size=2)):
        turns[at] = draw(says) if draw(st.booleans()) else turns[at] + draw(says)
    return protocol, turns


@given(peer=peers(), behind_a_header=st.booleans(), size=st.integers(1, 50))
@example(peer=(MailProtocol.SMTP, GOOD_SMTP), behind_a_header=False, size=1)
@example(peer=(MailProtocol.SMTPS, GOOD_SMTPS), behind_a_header=True, size=50)
@example(peer=(MailProtocol.IMAPS, GOOD_IMAPS), behind_a_header=False, size=3)
@settings(max_examples=400, deadline=None)
def test_any_peer_comes_to_an_outcome_or_a_wire_error(
    *, peer: tuple[MailProtocol, list[bytes]], behind_a_header: bool, size: int
) -> None:
    """Any bytes in any cut: an end without any other exception, and the playbook's manners kept throughout."""
    protocol, turns = peer
    header = HEADER if behind_a_header else None
    script = mail_dialogue(
        protocol, header=header, helo="mailpath.invalid", noops=1, proof=ReplyProof("canary@mailpath.invalid")
    )
    cut = Cut("any", size)
    played = drive(script, [cut.pieces(turn) for turn in ([b"", *turns] if header else turns)])
    if turns == GOOD[protocol]:
        assert played.result.believed_address == (None if protocol.speaks_imap else "192.0.2.78")
    assert (played.outcome is None) != (played.error is None)


@pytest.mark.parametrize("flood", [b"x", b"220-x\r\n", b"250-x\r\n", b"* OK\r\n", b"250-" + b"x" * 1500 + b"\n"])
@pytest.mark.parametrize("protocol", MailProtocol)
@pytest.mark.parametrize("turn", [0, 1, 2, 4])
def test_a_flood_at_any_turn_ends_soon(protocol: MailProtocol, turn: int, flood: bytes) -> None:
    """A peer that never stops talking is cut off after one reply's worth of it."""
    turns = [*GOOD[protocol][:turn], flood * (200_000 // len(flood))]
    played = drive(_dialogue(protocol, None), [Cut("", 1400).pieces(said) for said in turns])
    assert played.error is not None
    assert len(played.error.data) <= KEPT_BYTES
