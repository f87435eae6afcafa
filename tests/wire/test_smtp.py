"""SMTP dialogues, played from the transcripts of real servers: their clean ends, and each way not to reach one."""

import pytest

from monitor.core.conversation import DialogueOutcome, Mark, Receive, Script
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.smtp import ReplyProof, smtp_dialogue
from tests.wire.playbook import Cut, drive, every_cut, play

CANARY = ReplyProof("canary-7f3a@mailpath.invalid")

BANNER = """
. greeting
< 220 mail.lab.test ESMTP
. mark banner
"""
EHLO = """
. ehlo
> EHLO mailpath.invalid
< 250-mail.lab.test
< 250-PIPELINING
< 250-SIZE 10240000
< 250-ETRN
< 250-STARTTLS
< 250-ENHANCEDSTATUSCODES
< 250-8BITMIME
< 250-SMTPUTF8
< 250 CHUNKING
"""
STARTTLS = """
. starttls
> STARTTLS
< 220 2.0.0 Ready to start TLS
. tls_handshake
. tls
"""
EHLO_IN_TLS = """
. ehlo
> EHLO mailpath.invalid
< 250-mail.lab.test
< 250-SIZE 10240000
< 250-AUTH PLAIN LOGIN
< 250 CHUNKING
"""
QUIT = """
. quit
> QUIT
< 221 2.0.0 Bye
"""
COURTESY = """
> QUIT
< 221 2.0.0 Bye
"""


def _clear(*, noops: int = 0, proof: ReplyProof | None = None) -> Script:
    return smtp_dialogue(helo="mailpath.invalid", encrypted=False, noops=noops, proof=proof)


def _encrypted(*, noops: int = 0, proof: ReplyProof | None = None) -> Script:
    return smtp_dialogue(helo="mailpath.invalid", encrypted=True, noops=noops, proof=proof)


@every_cut
def test_first_contact_with_postscreen(cut: Cut) -> None:
    """Nothing is said between the teaser and the banner, both are marked, and the second EHLO's keywords count."""
    teaser = """
. greeting
< 220-mail.lab.test ESMTP
. mark teaser
< 220 mail.lab.test ESMTP
. mark banner
"""
    played = play(_clear(), teaser + EHLO + STARTTLS + EHLO_IN_TLS + QUIT, cut)
    assert played.result == DialogueOutcome(
        greeting="220 mail.lab.test ESMTP", capabilities=("SIZE", "AUTH", "CHUNKING"), starttls=True
    )


def test_the_teaser_is_marked_when_it_comes_and_not_when_the_banner_does() -> None:
    """The mark of the teaser precedes the wait for the rest of the greeting: the greet wait is what lies between."""
    script = _clear()
    assert next(script) == Receive(phase=Phase.GREETING)
    assert script.send(b"220-mail.lab.test ESMTP\r\n") == Mark("teaser")
    assert script.send(b"") == Receive()
    assert script.send(b"220 mail.lab.test ESMTP\r\n") == Mark("banner")


@every_cut
def test_postscreens_dummy_engine_speaks_like_smtpd(cut: Cut) -> None:
    """With deep protocol tests postscreen answers by itself, without PIPELINING: a clean end all the same."""
    dummy = EHLO.replace("< 250-PIPELINING\n", "")
    in_tls = dummy.replace("< 250-STARTTLS\n", "")
    played = play(_clear(), BANNER + dummy + STARTTLS + in_tls + QUIT, cut)
    assert played.result.capabilities == ("SIZE", "ETRN", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING")


@every_cut
def test_submission_in_implicit_tls(cut: Cut) -> None:
    """Where TLS is there already, STARTTLS is neither asked for nor missed."""
    played = play(_encrypted(), BANNER + EHLO_IN_TLS + QUIT, cut)
    assert played.result == DialogueOutcome(
        greeting="220 mail.lab.test ESMTP", capabilities=("SIZE", "AUTH", "CHUNKING")
    )


@every_cut
def test_noops_are_sent_one_by_one(cut: Cut) -> None:
    """Each NOOP waits for its answer; their number is told, as smtpd writes it into its log."""
    noops = ". proof\n" + "> NOOP\n< 250 2.0.0 Ok\n" * 3
    assert play(_encrypted(noops=3), BANNER + EHLO_IN_TLS + noops + QUIT, cut).result.noops == 3


@every_cut
@pytest.mark.parametrize(
    ("answer", "address", "told"),
    [
        (
            "< 554 5.7.1 <unknown[203.0.113.77]>: Client host rejected: Access denied",
            "203.0.113.77",
            "554 5.7.1 <unknown[203.0.113.77]>: Client host rejected: Access denied",
        ),
        (
            "< 554-5.7.1 <unknown[2001:db8::77]:40002>: Client host rejected: Access denied\n< 554 5.7.1 Ask us",
            "2001:db8::77",
            "554 5.7.1 <unknown[2001:db8::77]:40002>: Client host rejected: Access denied 5.7.1 Ask us",
        ),
        ("< 250 2.1.5 Ok", None, "250 2.1.5 Ok"),
        ("< 451 4.3.0 <canary@x>: Temporary lookup failure", None, "451 4.3.0 <canary@x>: Temporary lookup failure"),
    ],
    ids=["reject", "several lines", "accepted", "deferred"],
)
def test_the_reply_proof_keeps_what_rcpt_is_answered(answer: str, address: str | None, told: str, cut: Cut) -> None:
    """A reply that names the client gives its address, any other none; either way RSET, QUIT and no DATA."""
    transaction = f"""
. proof
> MAIL FROM:<>
< 250 2.1.0 Ok
> RCPT TO:<canary-7f3a@mailpath.invalid>
{answer}
> RSET
< 250 2.0.0 Ok
"""
    result = play(_encrypted(proof=CANARY), BANNER + EHLO_IN_TLS + transaction + QUIT, cut).result
    assert (result.believed_address, result.proof_reply) == (address, told)


@every_cut
def test_a_refused_sender_ends_the_reply_proof(cut: Cut) -> None:
    """Where MAIL is refused already, its reply is what is kept, and nothing needs to be reset."""
    full = """
. proof
> MAIL FROM:<>
< 452 4.3.1 Insufficient system storage
"""
    result = play(_encrypted(proof=CANARY), BANNER + EHLO_IN_TLS + full + QUIT, cut).result
    assert (result.believed_address, result.proof_reply) == (None, "452 4.3.1 Insufficient system storage")


GREETINGS = [
    ("421 4.3.0 mail.lab.test Server local error", Reason.HEADER_REJECTED, ""),
    ("421 4.3.2 No system resources", Reason.HEADER_REJECTED, ""),
    ("421 4.3.2 All server ports are busy", Reason.TURNED_AWAY, ""),
    ("421 4.7.0 mail.lab.test Error: too many connections from 192.0.2.190", Reason.TURNED_AWAY, ""),
    ("521 5.3.2 Service currently unavailable", Reason.TURNED_AWAY, ""),
    ("554 5.7.1 <unknown[192.0.2.77]>: Client host rejected: Access denied", Reason.TURNED_AWAY, COURTESY),
    ("250 2.0.0 Ok", Reason.UNEXPECTED_REPLY, ""),
    ("* OK [CAPABILITY IMAP4rev1] Dovecot ready.", Reason.MALFORMED, ""),
    ("SSH-2.0-OpenSSH_9.2p1", Reason.MALFORMED, ""),
]


@every_cut
@pytest.mark.parametrize(("greeting", "reason", "courtesy"), GREETINGS)
def test_greetings_that_are_none(greeting: str, reason: Reason, courtesy: str, cut: Cut) -> None:
    """What stands in place of a banner says why; a server that still listens gets its QUIT (RFC 5321 section 3.1)."""
    played = play(_clear(), f". greeting\n< {greeting}\n{courtesy}", cut)
    assert played.failure == (Phase.GREETING, reason)
    assert played.error is not None
    assert greeting in played.error.detail
    assert played.error.data == greeting.encode() + b"\r\n"


@every_cut
@pytest.mark.parametrize("refusal", ["421 4.3.0 mail.lab.test Server local error", "421 4.7.0 too many connections"])
def test_a_refusal_behind_the_teaser_does_not_speak_of_the_header(refusal: str, cut: Cut) -> None:
    """Postscreen has read the header before its teaser: what smtpd refuses after that is another matter."""
    transcript = f". greeting\n< 220-mail.lab.test ESMTP\n. mark teaser\n< {refusal}\n"
    assert play(_clear(), transcript, cut).failure == (Phase.GREETING, Reason.TURNED_AWAY)


def test_a_refusal_inside_tls_does_not_speak_of_the_header() -> None:
    """TLS right behind the header would have failed if the header had not been read."""
    transcript = ". greeting\n< 421 4.3.0 mail.lab.test Server local error\n"
    assert play(_encrypted(), transcript).failure == (Phase.GREETING, Reason.TURNED_AWAY)


def test_a_server_that_closes_without_a_byte() -> None:
    """Silence and an end: whether it was the header or an empty pool is for others to judge."""
    played = play(_clear(), ". greeting\n")
    assert played.failure == (Phase.GREETING, Reason.CLOSED)
    assert played.error is not None
    assert played.error.detail == "closed without a byte"


STOCK_SMTPD = """
< 500 5.5.2 Error: bad syntax
< 500 5.5.2 Error: bad syntax
< 500 5.5.2 Error: bad syntax
< 221 2.0.0 Bye
"""
STOCK_SMTPD_SINCE_3_9 = """
< 554 5.5.0 Error: SMTP protocol synchronization
"""


@pytest.mark.parametrize("answers", [STOCK_SMTPD, STOCK_SMTPD_SINCE_3_9])
def test_a_header_on_a_stock_port_answered_with_the_greeting(answers: str) -> None:
    """The banner and the answers to our header in one segment: nothing is asked any more."""
    played = play(_clear(), BANNER + answers + ". ehlo\n")
    assert played.failure == (Phase.EHLO, Reason.HEADER_NOT_CONSUMED)


@every_cut
@pytest.mark.parametrize("answers", [STOCK_SMTPD, STOCK_SMTPD_SINCE_3_9, "< 221 2.0.0 Bye\n"])
def test_a_header_on_a_stock_port_answered_a_moment_later(answers: str, cut: Cut) -> None:
    """The same answers in the place of EHLO's mean the same, however they arrive."""
    said, reply = (bytes(text, "ascii").replace(b"< ", b"").replace(b"\n", b"\r\n") for text in (BANNER, answers))
    banner = said.replace(b". greeting\r\n", b"").replace(b". mark banner\r\n", b"").strip() + b"\r\n"
    played = drive(_clear(), [cut.pieces(turn) for turn in (banner, reply.lstrip())])
    assert played.failure == (Phase.EHLO, Reason.HEADER_NOT_CONSUMED)
    # where nothing more has come yet, the first answer may be that of a server without EHLO
    assert [each for each in played.said if each.startswith(">")] in (
        ["> EHLO mailpath.invalid"],
        ["> EHLO mailpath.invalid", "> HELO mailpath.invalid"],
    )


HELO = """
. ehlo
> EHLO mailpath.invalid
< 502 5.5.1 Command not implemented
> HELO mailpath.invalid
< 250 mail.lab.test
"""


@every_cut
def test_a_server_that_knows_helo_alone(cut: Cut) -> None:
    """It has read the header: what is wrong is that it offers no STARTTLS, and inside TLS nothing is."""
    played = play(_clear(), BANNER + HELO + ". starttls" + COURTESY, cut)
    assert played.failure == (Phase.STARTTLS, Reason.STARTTLS_NOT_OFFERED)
    assert play(_encrypted(), BANNER + HELO + QUIT, cut).result.capabilities == ()


@every_cut
@pytest.mark.parametrize(("answer", "courtesy"), [("502 No", COURTESY), ("421 4.7.0 Leaving", "")])
def test_a_server_that_takes_neither_is_turning_us_away(answer: str, courtesy: str, cut: Cut) -> None:
    """Inside TLS its answers speak of our commands; in the clear, of a header that it has read as such."""
    refused = HELO.replace("250 mail.lab.test", answer)
    assert play(_encrypted(), BANNER + refused + courtesy, cut).failure == (Phase.EHLO, Reason.TURNED_AWAY)
    assert play(_clear(), BANNER + refused, cut).failure == (Phase.EHLO, Reason.HEADER_NOT_CONSUMED)


@every_cut
@pytest.mark.parametrize("answer", ["502 5.5.2 Error: command not recognized", "521 5.5.1 Protocol error"])
def test_a_header_on_a_stock_postscreen(answer: str, cut: Cut) -> None:
    """Stock postscreen answers the header behind its teaser, and never comes to a banner."""
    transcript = f". greeting\n< 220-mail.lab.test ESMTP\n. mark teaser\n< {answer}\n< 221 2.0.0 Bye\n"
    assert play(_clear(), transcript, cut).failure == (Phase.GREETING, Reason.HEADER_NOT_CONSUMED)


def test_other_words_behind_the_banner_are_not_ours_to_explain() -> None:
    """What is unasked and no answer to a header either is an unexpected reply."""
    played = play(_clear(), BANNER + "< 250 2.0.0 Ok\n. ehlo\n")
    assert played.failure == (Phase.EHLO, Reason.UNEXPECTED_REPLY)


@every_cut
@pytest.mark.parametrize(
    ("answer", "reason", "courtesy"),
    [
        ("421 4.7.0 mail.lab.test Error: too many connections", Reason.TURNED_AWAY, ""),
        ("450 4.7.1 <mailpath.invalid>: Helo command rejected: Host not found", Reason.TURNED_AWAY, COURTESY),
        ("504 5.5.2 <mailpath.invalid>: Helo command rejected: need FQDN", Reason.TURNED_AWAY, COURTESY),
        ("354 go ahead", Reason.UNEXPECTED_REPLY, COURTESY),
    ],
)
def test_a_refused_ehlo(answer: str, reason: Reason, courtesy: str, cut: Cut) -> None:
    """Refused by name or by load: turned away, with QUIT where the server still listens."""
    played = play(_clear(), BANNER + f". ehlo\n> EHLO mailpath.invalid\n< {answer}\n" + courtesy, cut)
    assert played.failure == (Phase.EHLO, reason)


@every_cut
def test_starttls_that_is_not_offered(cut: Cut) -> None:
    """No STARTTLS is a failure on port 25 too, told only after QUIT."""
    hello = EHLO.replace("< 250-STARTTLS\n", "")
    played = play(_clear(), BANNER + hello + ". starttls\n" + COURTESY, cut)
    assert played.failure == (Phase.STARTTLS, Reason.STARTTLS_NOT_OFFERED)
    assert played.error is not None
    assert played.error.data.startswith(b"250-mail.lab.test\r\n250-PIPELINING")


@every_cut
@pytest.mark.parametrize("answer", ["454 4.7.0 TLS not available due to local problem", "502 5.5.1 Error: not now"])
@pytest.mark.parametrize("farewell", ["< 221 2.0.0 Bye\n", "< nonsense\n", ""], ids=["bye", "nonsense", "closed"])
def test_starttls_that_is_refused(answer: str, farewell: str, cut: Cut) -> None:
    """The refusal is what is told, whatever becomes of the QUIT after it."""
    refused = f". starttls\n> STARTTLS\n< {answer}\n> QUIT\n{farewell}"
    played = play(_clear(), BANNER + EHLO + refused, cut)
    assert played.failure == (Phase.STARTTLS, Reason.STARTTLS_REFUSED)
    assert played.error is not None
    assert played.error.detail == answer


def test_plain_text_behind_the_answer_to_starttls_is_never_taken_for_tls() -> None:
    """Whoever injects a reply before TLS finds no TLS at all (CVE-2011-0411)."""
    injected = STARTTLS.replace(". tls_handshake\n. tls\n", "< 250-evil.test\n< 250 AUTH PLAIN\n")
    played = play(_clear(), BANNER + EHLO + injected)
    assert played.failure == (Phase.STARTTLS, Reason.UNEXPECTED_REPLY)


@pytest.mark.parametrize("word", ["MAIL FROM:<>", "RCPT TO:<canary-7f3a@mailpath.invalid>"])
def test_a_server_that_goes_away_during_the_proof(word: str) -> None:
    """After 421 there is nobody left to say RSET or QUIT to: no clean end."""
    mail = "" if word.startswith("MAIL") else "> MAIL FROM:<>\n< 250 2.1.0 Ok\n"
    leaving = f". proof\n{mail}> {word}\n< 421 4.4.2 mail.lab.test Error: timeout exceeded\n"
    played = play(_encrypted(proof=CANARY), BANNER + EHLO_IN_TLS + leaving)
    assert played.failure == (Phase.PROOF, Reason.UNEXPECTED_REPLY)


def test_a_refused_noop_and_a_refused_quit() -> None:
    """Any other answer than the one and only is no clean end."""
    noop = ". proof\n> NOOP\n< 500 5.5.2 no\n" + COURTESY
    assert play(_encrypted(noops=1), BANNER + EHLO_IN_TLS + noop).failure == (Phase.PROOF, Reason.UNEXPECTED_REPLY)
    quit_ = QUIT.replace("221 2.0.0 Bye", "250 2.0.0 Ok")
    assert play(_encrypted(), BANNER + EHLO_IN_TLS + quit_).failure == (Phase.QUIT, Reason.UNEXPECTED_REPLY)


def test_a_second_reply_to_one_command_is_noticed_before_the_next() -> None:
    """Two replies where one was due: from there on answers could be taken for those of other commands."""
    twice = EHLO_IN_TLS + "< 250 2.0.0 once more\n. quit\n"
    played = play(_encrypted(), BANNER + twice)
    assert played.failure == (Phase.QUIT, Reason.UNEXPECTED_REPLY)
