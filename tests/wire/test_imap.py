"""IMAP dialogues, played from Dovecot's transcripts: their clean end, and each way not to reach it."""

import pytest

from monitor.core.conversation import DialogueOutcome
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.imap import Response, capabilities_in_greeting, imap_dialogue
from monitor.wire.lines import MAX_REPLY_LINES
from tests.wire.playbook import Cut, every_cut, play

CAPABILITIES = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
BANNER = f"* OK [CAPABILITY {CAPABILITIES}] Dovecot (Debian) ready."
GREETING = f"""
. greeting
< {BANNER}
"""
CAPABILITY = f"""
. capability
> a1 CAPABILITY
< * CAPABILITY {CAPABILITIES}
< a1 OK Pre-login capabilities listed, post-login capabilities have more.
"""
ID = """
> a2 ID NIL
< * ID ("name" "Dovecot")
< a2 OK ID completed.
"""
LOGOUT = """
. quit
> a3 LOGOUT
< * BYE Logging out
< a3 OK Logout completed.
"""
COURTESY = """
> a2 LOGOUT
< * BYE Logging out
< a2 OK Logout completed.
"""


@every_cut
def test_dovecot_from_greeting_to_logout(cut: Cut) -> None:
    """Dovecot's own transcript, with ID in it as Dovecot offers it."""
    played = play(imap_dialogue(), GREETING + CAPABILITY + ID + LOGOUT, cut)
    assert played.result == DialogueOutcome(greeting=BANNER, capabilities=tuple(CAPABILITIES.split()))


@every_cut
def test_id_is_asked_only_where_it_is_offered(cut: Cut) -> None:
    """A server without ID is not asked; PREAUTH greets as well as OK; words count in any case."""
    transcript = """
. greeting
< * preauth ready {5}
. capability
> a1 CAPABILITY
< * ok still here {3}
< * capability imap4REV1 IDLE
< a1 ok
. quit
> a2 LOGOUT
< * bye
< a2 ok
"""
    played = play(imap_dialogue(), transcript, cut)
    assert played.result == DialogueOutcome(greeting="* preauth ready {5}", capabilities=("imap4REV1", "IDLE"))


@every_cut
@pytest.mark.parametrize("answer", ["a2 NO not today", "a2 BAD unknown command"])
def test_a_refused_id_breaks_nothing(answer: str, cut: Cut) -> None:
    """ID is a courtesy, and so is its answer."""
    refused = f"> a2 ID NIL\n< {answer}\n"
    assert play(imap_dialogue(), GREETING + CAPABILITY + refused + LOGOUT, cut).result.greeting == BANNER


def test_the_greetings_capabilities_stand_in_for_missing_ones() -> None:
    """A server that answers CAPABILITY by a bare OK has said in its greeting what it can."""
    bare = ". capability\n> a1 CAPABILITY\n< a1 OK done\n"
    played = play(imap_dialogue(), GREETING + bare + ID + LOGOUT)
    assert played.result.capabilities == tuple(CAPABILITIES.split())


@every_cut
@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        ("* BYE Too many connections", Reason.TURNED_AWAY),
        ("* OKAY", Reason.MALFORMED),
        ("220 mail.lab.test ESMTP", Reason.MALFORMED),
        ("a1 OK", Reason.MALFORMED),
        (r"\x15\x03\x01\x00\x02", Reason.MALFORMED),
    ],
)
def test_greetings_that_are_none(greeting: str, reason: Reason, cut: Cut) -> None:
    """BYE turns away; what is no IMAP greeting at all is malformed; nothing is said to either."""
    assert play(imap_dialogue(), f". greeting\n< {greeting}\n", cut).failure == (Phase.GREETING, reason)


@every_cut
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("* BYE Server shutting down.", Reason.TURNED_AWAY),
        ("a7 OK whose?", Reason.MALFORMED),
        ("a1 YES", Reason.MALFORMED),
        ("a1", Reason.MALFORMED),
        ("+ idling", Reason.MALFORMED),
        ("250 2.0.0 Ok", Reason.MALFORMED),
        ("* LIST () {4294967296}", Reason.UNEXPECTED_REPLY),
        ("* ID (NIL {3+}", Reason.UNEXPECTED_REPLY),
        ("* STATUS\n" * MAX_REPLY_LINES + "< a1 OK", Reason.TOO_LARGE),
    ],
)
def test_answers_after_which_the_two_no_longer_understand_each_other(answer: str, reason: Reason, cut: Cut) -> None:
    """A foreign tag, a literal of the peer's choosing, an answer without end: refused without another word."""
    lines = answer.replace("\n*", "\n< *").replace("\n< <", "\n<")
    transcript = GREETING + f". capability\n> a1 CAPABILITY\n< {lines}\n"
    assert play(imap_dialogue(), transcript, cut).failure == (Phase.CAPABILITY, reason)


@every_cut
@pytest.mark.parametrize("answer", ["a1 NO not now", "a1 BAD what?", "a1 OK of course"])
def test_a_server_that_lists_no_capabilities_gets_its_logout(answer: str, cut: Cut) -> None:
    """The failure is told only after LOGOUT."""
    transcript = f". greeting\n< * OK ready\n. capability\n> a1 CAPABILITY\n< {answer}\n" + COURTESY
    played = play(imap_dialogue(), transcript, cut)
    assert played.failure == (Phase.CAPABILITY, Reason.UNEXPECTED_REPLY)
    assert played.error is not None
    assert answer[3:] in played.error.detail


@every_cut
@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ("< a3 OK Logout completed.\n", Reason.UNEXPECTED_REPLY),
        ("< * BYE\n< a3 NO stay\n", Reason.UNEXPECTED_REPLY),
        ("< * BYE\n", Reason.CLOSED),
        ("", Reason.CLOSED),
    ],
)
def test_logout_is_answered_by_bye_and_ok(answers: str, reason: Reason, cut: Cut) -> None:
    """RFC 3501 section 6.1.3: BYE, then the tagged OK, then the end; nothing less is a clean end."""
    transcript = GREETING + CAPABILITY + ID + f". quit\n> a3 LOGOUT\n{answers}"
    assert play(imap_dialogue(), transcript, cut).failure == (Phase.QUIT, reason)


@pytest.mark.parametrize(
    ("greeting", "capabilities"),
    [
        ("* OK [capability IMAP4rev1 ID] hi [CAPABILITY X]", ("IMAP4rev1", "ID")),
        ("* OK [ALERT] mind the gap", ()),
        ("* OK CAPABILITY IMAP4rev1", ()),
        ("* OK [CAPABILITY IMAP4rev1", ()),
    ],
)
def test_capabilities_in_a_greeting(greeting: str, capabilities: tuple[str, ...]) -> None:
    """Only a response code counts, and only a closed one."""
    assert capabilities_in_greeting(greeting) == capabilities


def test_a_response_knows_what_it_says() -> None:
    """Words are compared whole and in any case."""
    response = Response("Ok done", ("capability IMAP4rev1", "BYEBYE"))
    assert response.ok
    assert response.capabilities == ("IMAP4rev1",)
    assert not response.says("BYE")
