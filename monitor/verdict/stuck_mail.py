"""Mail that was accepted and cannot be delivered: deferred on its way to the mailbox, by the delivery agents' lines.

Mail to other houses is deferred every day, by their fault: only what waits for our own mailboxes and filters counts.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from monitor.core.maillog import LineKind, LogRecord
from monitor.core.observations import MaillogBatch
from monitor.wire.maillog.delivery import WAITED

# Postfix tries again after 4000 s at the latest (maximal_backoff_time): of what was not heard of for longer the end was
# missed, or somebody has deleted it.
FORGOTTEN_AFTER = 4500.0
# One message may be at fault itself. So many, or one for so long (seconds), are the server's affair.
MANY = 3
LONG = 600.0
# Beyond so many messages they are counted no more.
REMEMBERED = 1024

# The agents that deliver into mailboxes here (master(5) names of Postfix's own), and what they cannot even reach.
_OWN_AGENTS = ("/lmtp", "/local", "/virtual", "/pipe")
_NO_AGENT = "mail transport unavailable"


@dataclass(frozen=True, slots=True)
class Stuck:
    """Messages that wait for a mailbox or filter of our own: how many, how long the oldest (seconds), and why."""

    messages: int
    oldest: float
    why: str

    @property
    def grave(self) -> bool:
        """Whether it is more than one message's own trouble."""
        return self.messages >= MANY or self.oldest >= LONG


@dataclass(slots=True)
class _Message:
    arrived: float
    heard: float
    why: str


class StuckMail:
    """Remembers which messages wait; bounded."""

    def __init__(self) -> None:
        """Begin knowing of none."""
        self._waiting: dict[str, _Message] = {}

    def record(self, batch: MaillogBatch) -> None:
        """Take in what the log says of deliveries."""
        for record in batch.records:
            if not record.queue_id or record.repeats:
                continue  # not of a delivery, as nearly all, or late word of one that is known
            if record.kind is LineKind.DELIVERY_DEFERRED and _is_ours(record):
                if record.queue_id in self._waiting or len(self._waiting) < REMEMBERED:
                    now = batch.finished
                    self._waiting[record.queue_id] = _Message(now - record.delay, now, record.text)
            elif record.kind is LineKind.DELIVERY_ENDED and record.delay >= WAITED:
                # sooner, it is another recipient's bounce
                self._waiting.pop(record.queue_id, None)

    def known(self, now: float) -> Stuck | None:
        """Give what waits at ``now`` (event loop's clock); ``None``: nothing does."""
        self._waiting = {
            queue_id: message for queue_id, message in self._waiting.items() if now - message.heard <= FORGOTTEN_AFTER
        }
        if not self._waiting:
            return None
        oldest = min(self._waiting.values(), key=lambda message: message.arrived)
        return Stuck(len(self._waiting), now - oldest.arrived, oldest.why)


def _is_ours(record: LogRecord) -> bool:
    """Tell whether a delivery was on its way to a mailbox or filter of this house: over loopback or a UNIX socket."""
    if record.program.endswith(_OWN_AGENTS) or _NO_AGENT in record.text:
        return True
    try:
        return ip_address(record.address).is_loopback
    except ValueError:
        return bool(record.address)  # a socket's name
