"""What handshake and front door have in common: the dialogue, and what it means on its own.

These are the verdict table's rows that need no other target's result.
"""

from dataclasses import dataclass

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Failure, Script
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import SUCCEEDED, Judgement, Observation, Span
from monitor.core.proof import Ask, EvidenceKind
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.smtp import ReplyProof

# Reasons that name their verdict in every phase but connect.
_BY_REASON = {
    Reason.LOCAL_ERROR: Verdict.UNKNOWN,
    Reason.HEADER_REJECTED: Verdict.HEADER_REJECTED,
    Reason.HEADER_NOT_CONSUMED: Verdict.HEADER_NOT_CONSUMED,
    Reason.TURNED_AWAY: Verdict.TURNED_AWAY,
    Reason.STARTTLS_NOT_OFFERED: Verdict.TLS_INVALID,
    Reason.STARTTLS_REFUSED: Verdict.TLS_INVALID,
    Reason.TLS_ERROR: Verdict.TLS_INVALID,
}

_GONE = frozenset({Reason.CLOSED, Reason.RESET})
_ANSWERS_TO_CONNECT = frozenset({Reason.REFUSED, Reason.RESET})


@dataclass(frozen=True, slots=True)
class DialogueRule:
    """How to judge: the protocol, whether we sent a header, and from how many seconds on a success is slow."""

    protocol: MailProtocol
    header_sent: bool
    slow_after: float


def script(protocol: MailProtocol, ask: Ask, *, header: bytes | None, helo: str) -> Script:
    """Speak as asked: the nonce makes recipient and helo unique, and the server's log line repeats both."""
    if not ask.nonce:
        return mail_dialogue(protocol, header=header, helo=helo, noops=ask.noops)
    proof = ReplyProof(f"canary-{ask.nonce}@{helo}")
    return mail_dialogue(protocol, header=header, helo=f"{ask.nonce}.{helo}", noops=ask.noops, proof=proof)


def evidence_sought(path: PathSettings, *, reply: bool) -> frozenset[EvidenceKind]:
    """The evidence of the client IP that is sought: replies where they are allowed, the log where there is one."""
    log = path.maillog is not None and EvidenceKind.LOG in path.handshakes.client_ip_proof
    return frozenset(kind for kind, wanted in ((EvidenceKind.REPLY, reply), (EvidenceKind.LOG, log)) if wanted)


def observe(target: Target, rule: DialogueRule, conversation: Conversation, span: Span) -> Observation:
    """Make the observation of one conversation."""
    return Observation(
        target=target,
        started=span.started,
        finished=span.finished,
        at=span.at,
        judgement=judge(rule, conversation),
        durations=conversation.phases,
        answered=_answered(conversation.failure),
        tls=conversation.tls,
        conversation=conversation,
    )


def judge(rule: DialogueRule, conversation: Conversation) -> Judgement:
    """Judge one conversation; the time between postscreen's teaser and its banner is never slow."""
    failure = conversation.failure
    if failure is not None:
        return Judgement(_verdict_of_failure(rule, conversation, failure), failure)
    tls = conversation.tls
    if tls is not None and tls.problem is not None:
        return Judgement(Verdict.TLS_INVALID, Failure(Phase.TLS_HANDSHAKE, tls.problem, tls.problem_detail))
    seconds = conversation.finished - conversation.started
    if seconds > rule.slow_after and seconds - conversation.greet_wait > rule.slow_after:
        return Judgement(Verdict.SLOW)
    return SUCCEEDED


def _answered(failure: Failure | None) -> bool:
    return failure is None or failure.phase is not Phase.CONNECT or failure.reason in _ANSWERS_TO_CONNECT


def _verdict_of_failure(rule: DialogueRule, conversation: Conversation, failure: Failure) -> Verdict:
    if failure.phase is Phase.CONNECT:
        return Verdict.UNKNOWN if failure.reason is Reason.LOCAL_ERROR else Verdict.PORT_CLOSED
    if failure.reason is Reason.TLS_PLAINTEXT:
        return _verdict_of_plain_text(failure)
    named = _BY_REASON.get(failure.reason)
    if named is not None:
        return named
    if conversation.bytes_received == 0:
        return _verdict_of_silence(rule, failure)
    return Verdict.PROTOCOL_ERROR


def _verdict_of_plain_text(failure: Failure) -> Verdict:
    # smtpd answers a header that it cannot use in plain text, on the wrapper-mode port too, before any TLS.
    return Verdict.HEADER_REJECTED if failure.data.startswith(b"421 4.3") else Verdict.HEADER_NOT_CONSUMED


def _verdict_of_silence(rule: DialogueRule, failure: Failure) -> Verdict:
    if failure.reason is Reason.TIMEOUT:
        return Verdict.NO_GREETING
    if failure.reason not in _GONE:
        return Verdict.PROTOCOL_ERROR
    if not rule.header_sent:
        # A frontend whose pool is empty accepts, then closes without a byte.
        return Verdict.NO_GREETING
    # Postfix always says 421 to a header that it rejects; a wrapper-mode smtpd that just hangs up took the header for
    # a TLS ClientHello. Dovecot rejects an untrusted sender by closing, whatever was sent.
    return Verdict.HEADER_NOT_CONSUMED if rule.protocol is MailProtocol.SMTPS else Verdict.HEADER_REJECTED
