"""What negative probes have in common: they ask for what must be refused, and being refused is their success.

A round that did not get as far as to be refused or accepted proves neither; its failure says how far it got.
"""

from typing import NamedTuple

from monitor.core.conversation import Conversation, Failure
from monitor.core.taxonomy import Phase, Reason

# Postfix' answer in plain text, on every kind of port, to a header that it misses or cannot use: smtpd's 421 4.3.0,
# postscreen's 421 4.3.2.
HEADER_MISSED = b"421 4.3"
GONE = frozenset({Reason.CLOSED, Reason.RESET})


class Ruling(NamedTuple):
    """What one round tells: refused, accepted or (``None``) neither, in whose words, and what was wrong with it."""

    refused: bool | None
    reply: str = ""
    failure: Failure | None = None


def refused(reply: str) -> Ruling:
    """Rule that it was refused, as it must be."""
    return Ruling(refused=True, reply=reply)


def accepted(phase: Phase, reply: str) -> Ruling:
    """Rule that it was accepted, in this phase."""
    return Ruling(refused=False, reply=reply, failure=Failure(phase, Reason.ACCEPTED, reply))


def untold(failure: Failure) -> Ruling:
    """Rule that the round proves nothing, and why."""
    return Ruling(refused=None, reply="", failure=failure)


def words(failure: Failure) -> str:
    """Give what the peer said before it ended the conversation, or that it said nothing."""
    return failure.data.decode("utf-8", "backslashreplace").partition("\n")[0].strip() or "closed without a word"


def spoke_tls(conversation: Conversation) -> bool:
    """Tell whether the peer took our ClientHello for what it is."""
    return conversation.tls is not None
