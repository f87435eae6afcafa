"""What one dialogue means on its own: phase and reason to verdict, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.conversation import (
    Conversation,
    DialogueOutcome,
    Endpoints,
    Failure,
    Receive,
    Script,
    TlsFacts,
)
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import Span
from monitor.core.proof import Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.probes.dialogue import DialogueRule, judge, observe, script
from tests import kinds

ENDS = Endpoints("10.0.20.50", 40001, "10.0.20.101", 30125)
TARGET = Target("home", kinds.HANDSHAKE, "k8s-node1", "smtp")
SMTP = DialogueRule(MailProtocol.SMTP, header_sent=True, slow_after=5.0)


def failed(phase: Phase, reason: Reason, *, heard: int = 0, data: bytes = b"") -> Conversation:
    """Record a conversation that failed after ``heard`` bytes."""
    failure = Failure(phase, reason, "words", data)
    return Conversation(0.0, 1.0, ENDS, {phase: 1.0}, failure=failure, bytes_received=heard)


def complete(seconds: float = 0.1, marks: dict[str, float] | None = None, tls: TlsFacts | None = None) -> Conversation:
    """Record a conversation that came to its clean end."""
    return Conversation(0.0, seconds, ENDS, {}, marks or {}, tls, DialogueOutcome("220 ok"), bytes_received=200)


@pytest.mark.parametrize(
    ("protocol", "header", "phase", "reason", "heard", "data", "expected"),
    [
        # connect: closed or silent; whether the whole node or listener is down is for the matrix to say
        ("smtp", True, "connect", "refused", 0, b"", Verdict.PORT_CLOSED),
        ("smtp", True, "connect", "timeout", 0, b"", Verdict.PORT_CLOSED),
        ("smtp", True, "connect", "unreachable", 0, b"", Verdict.PORT_CLOSED),
        ("smtp", True, "connect", "local_error", 0, b"", Verdict.UNKNOWN),
        # nothing said at all
        ("smtp", True, "greeting", "timeout", 0, b"", Verdict.NO_GREETING),
        ("smtps", True, "tls_handshake", "timeout", 0, b"", Verdict.NO_GREETING),
        ("imaps", True, "tls_handshake", "timeout", 0, b"", Verdict.NO_GREETING),
        # refused by closing: Dovecot does it to an untrusted sender, postscreen and smtpd say 421 first
        ("imaps", True, "tls_handshake", "reset", 0, b"", Verdict.HEADER_REJECTED),
        ("imaps", True, "tls_handshake", "closed", 0, b"", Verdict.HEADER_REJECTED),
        ("submission", True, "greeting", "closed", 0, b"", Verdict.HEADER_REJECTED),
        ("smtp", True, "greeting", "header_rejected", 31, b"421 4.3.2", Verdict.HEADER_REJECTED),
        ("smtps", True, "tls_handshake", "tls_plaintext", 44, b"421 4.3.0 mail", Verdict.HEADER_REJECTED),
        # a header for a port that wants none
        ("smtps", True, "tls_handshake", "reset", 0, b"", Verdict.HEADER_NOT_CONSUMED),
        ("smtps", True, "tls_handshake", "tls_plaintext", 25, b"220 mail.lab", Verdict.HEADER_NOT_CONSUMED),
        ("smtp", True, "ehlo", "header_not_consumed", 90, b"502 5.5.2", Verdict.HEADER_NOT_CONSUMED),
        # a front door with an empty pool accepts, then closes without a byte
        ("smtp", False, "greeting", "closed", 0, b"", Verdict.NO_GREETING),
        ("imaps", False, "tls_handshake", "reset", 0, b"", Verdict.NO_GREETING),
        ("smtp", False, "greeting", "header_rejected", 31, b"421 4.3.2", Verdict.HEADER_REJECTED),
        ("smtps", False, "tls_handshake", "tls_plaintext", 44, b"421 4.3.0 mail", Verdict.HEADER_REJECTED),
        # what the server says of us
        ("smtp", True, "greeting", "turned_away", 40, b"421 4.7.0", Verdict.TURNED_AWAY),
        # TLS
        ("submission", True, "starttls", "starttls_not_offered", 200, b"", Verdict.TLS_INVALID),
        ("imaps", True, "tls_handshake", "tls_error", 7, b"", Verdict.TLS_INVALID),
        # any other way not to reach the clean end
        ("smtp", True, "greeting", "timeout", 25, b"", Verdict.PROTOCOL_ERROR),
        ("smtp", True, "quit", "reset", 300, b"", Verdict.PROTOCOL_ERROR),
        ("smtp", True, "ehlo", "malformed", 300, b"\x00", Verdict.PROTOCOL_ERROR),
        ("smtp", True, "greeting", "too_large", 70000, b"220-", Verdict.PROTOCOL_ERROR),
    ],
)
def test_failure_to_verdict(  # noqa: PLR0913, PLR0917 - the columns of the table
    protocol: str,
    header: bool,  # noqa: FBT001 - a column of the table
    phase: str,
    reason: str,
    heard: int,
    data: bytes,
    expected: Verdict,
) -> None:
    """Each way to fail has its verdict."""
    rule = DialogueRule(MailProtocol(protocol), header_sent=header, slow_after=5.0)
    judgement = judge(rule, failed(Phase(phase), Reason(reason), heard=heard, data=data))
    assert judgement.verdict is expected
    assert judgement.failure is not None
    assert not judgement.ok


def test_a_clean_end_is_ok() -> None:
    """A dialogue that came to its end in time is ok."""
    assert judge(SMTP, complete()).verdict is Verdict.OK


def test_six_seconds_of_postscreen_are_not_slow() -> None:
    """The time between the teaser and the banner never counts as slow."""
    waited = complete(6.3, {"teaser": 0.1, "banner": 6.1})
    assert waited.greet_wait == pytest.approx(6.0)
    assert judge(SMTP, waited).verdict is Verdict.OK


def test_slow_counts_as_success() -> None:
    """Beyond slow_after, the greet wait taken off, a dialogue is slow, and up."""
    judgement = judge(SMTP, complete(11.5, {"teaser": 0.1, "banner": 6.1}))
    assert judgement.verdict is Verdict.SLOW
    assert judgement.ok


def test_a_bad_certificate_is_told_though_the_dialogue_ended_well() -> None:
    """The dialogue goes on so that no line is left in the log; the certificate is still invalid."""
    tls = TlsFacts(
        "TLSv1.3", "TLS_AES_256_GCM_SHA384", 0.0, "ab", Reason.CERTIFICATE_EXPIRED, "certificate has expired"
    )
    judgement = judge(SMTP, complete(tls=tls))
    assert judgement.verdict is Verdict.TLS_INVALID
    assert judgement.failure == Failure(Phase.TLS_HANDSHAKE, Reason.CERTIFICATE_EXPIRED, "certificate has expired")


@pytest.mark.parametrize(
    ("conversation", "answered"),
    [
        (complete(), True),
        (failed(Phase.CONNECT, Reason.REFUSED), True),
        (failed(Phase.CONNECT, Reason.TIMEOUT), False),
        (failed(Phase.CONNECT, Reason.UNREACHABLE), False),
        (failed(Phase.GREETING, Reason.TIMEOUT), True),
    ],
)
def test_a_reset_is_a_sign_of_life(conversation: Conversation, answered: bool) -> None:  # noqa: FBT001 - a column
    """SYN-ACK and reset are answers, silence and ICMP are none."""
    assert observe(TARGET, SMTP, conversation, Span(0.0, 1.0, 2.0)).answered is answered


@given(
    st.sampled_from(list(MailProtocol)),
    st.booleans(),
    st.sampled_from(list(Phase)),
    st.sampled_from(list(Reason)),
    st.integers(0, 10**6),
    st.binary(max_size=20),
)
def test_every_failure_has_one_verdict_that_is_not_up(  # noqa: PLR0913, PLR0917 - what a failure consists of
    protocol: MailProtocol,
    header: bool,  # noqa: FBT001 - drawn
    phase: Phase,
    reason: Reason,
    heard: int,
    data: bytes,
) -> None:
    """Whatever fails, it is judged, and never as a success."""
    rule = DialogueRule(protocol, header_sent=header, slow_after=5.0)
    assert not judge(rule, failed(phase, reason, heard=heard, data=data)).ok


def test_a_nonce_goes_into_recipient_and_helo() -> None:
    """A round that is asked for a reply names its nonce twice, where the server's log repeats it."""
    commands = sent(script(MailProtocol.SMTPS, Ask(noops=2, nonce="c0ffee"), header=None, helo="mailpath.invalid"))
    assert commands == [
        "EHLO c0ffee.mailpath.invalid",
        "MAIL FROM:<>",
        "RCPT TO:<canary-c0ffee@mailpath.invalid>",
        "RSET",
        "NOOP",
        "NOOP",
        "QUIT",
    ]


def test_without_a_nonce_there_is_no_transaction() -> None:
    """Between two reply proofs only NOOPs are sent, under the plain name."""
    commands = sent(script(MailProtocol.SMTPS, Ask(noops=1), header=None, helo="mailpath.invalid"))
    assert commands == ["EHLO mailpath.invalid", "NOOP", "QUIT"]


def sent(dialogue: Script) -> list[str]:
    """Play smtpd to a dialogue, and give the commands that it sent."""
    answers = {"EHLO": "250-mail.example.org\r\n250 PIPELINING", "RCPT": "554 5.7.1 refused", "QUIT": "221 2.0.0 Bye"}
    commands: list[str] = []
    answer = "220 mail.example.org ESMTP"
    step = next(dialogue)
    try:
        while True:
            if isinstance(step, Receive) and step.said:
                commands.append(step.said.decode().rstrip())
                answer = answers.get(commands[-1][:4], "250 2.0.0 Ok")
            step = dialogue.send(f"{answer}\r\n".encode() if isinstance(step, Receive) else b"")
    except StopIteration:
        return commands
