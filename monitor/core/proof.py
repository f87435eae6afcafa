"""Proof of the client IP: what a round leaves behind to be recognised by, and what the server was seen to believe."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.core.model import Node


class EvidenceKind(StrEnum):
    """How the server shows whom it takes us for: in its reply to RCPT, or in its log."""

    REPLY = "reply"
    LOG = "log"


class ProofResult(StrEnum):
    """What the evidence says about the client address."""

    PROVEN = "proven"
    DISPROVEN = "disproven"
    UNPROVEN = "unproven"


class Unproven(StrEnum):
    """Why evidence neither proves nor disproves."""

    NOT_TRIED = "not_tried"
    STALE = "stale"
    NOT_REVEALED = "not_revealed"
    NO_LINE = "no_line"
    SNAT = "snat"
    AMBIGUOUS = "ambiguous"
    UNCONFIRMED = "unconfirmed"


class SeenAs(StrEnum):
    """What kind of address the server took us for, when it is a wrong one."""

    EDGE = "edge"
    CLUSTER = "cluster"
    LOOPBACK = "loopback"
    OTHER = "other"


_REASONS = {
    Unproven.NOT_TRIED: "not tried yet",
    Unproven.STALE: "the last evidence is too old",
    Unproven.NOT_REVEALED: "the server names no client in its replies",
    Unproven.NO_LINE: "no line of this connection came",
    Unproven.SNAT: "only source NAT explains the address {seen}; if that is right, name it in seen_as",
    Unproven.AMBIGUOUS: "several connections look like this one",
    Unproven.UNCONFIRMED: "seen once as {seen}; the next round tells",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What one kind of evidence says of one target.

    ``expected`` and ``seen`` are client addresses (``""``: not known), ``seen_as`` the kind of a wrong one, ``why`` is
    set exactly when the result is unproven, ``at`` is when the evidence was given and ``proven_at`` when this kind last
    proved the address (seconds since the epoch; ``None``: never).
    """

    evidence: EvidenceKind
    result: ProofResult
    why: Unproven | None = None
    expected: str = ""
    seen: str = ""
    seen_as: SeenAs | None = None
    at: float | None = None
    proven_at: float | None = None

    @property
    def words(self) -> str:
        """The whole of it for a person: ``log: seen as 10.0.20.1 (edge) instead of 192.0.2.7``."""
        if self.result is ProofResult.PROVEN:
            return f"{self.evidence}: proven, seen as {self.seen}"
        if self.result is ProofResult.DISPROVEN:
            return f"{self.evidence}: seen as {self.seen} ({self.seen_as}) instead of {self.expected}"
        reason = _REASONS[self.why] if self.why is not None else ""
        return f"{self.evidence}: unproven, {reason.format(seen=self.seen)}"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a round shall do beyond its dialogue, so that its traces can be told from everybody else's.

    ``noops`` is how many NOOPs to send (smtpd counts them in its disconnect line); a ``nonce`` asks for the transaction
    by which the server names its client, and makes its recipient and helo unique; ``""``: not this time. ``node`` is
    the one to ask, where the target names none.
    """

    noops: int = 0
    nonce: str = ""
    node: Node | None = None


NOTHING = Ask()
