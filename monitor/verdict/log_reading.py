"""Whether the mail log is understood: lines arrive that no reader knows, while our own must be among them.

A log in words or in a frame that the parser does not know gives no record at all, and so neither clients nor problems:
without this it would look like a quiet night.
"""

from dataclasses import dataclass

from monitor.core.observations import MaillogBatch
from monitor.verdict.log_proof import LINE_WAIT, LONGEST_LAG

# So many of our own rounds have succeeded that the server logs, each with at least one line that is recognised.
HANDSHAKES = 3
# Where none succeeds (a standby replica, a path without nodes): so many lines tagged postfix or dovecot.
LINES = 500


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Lines that were not recognised while some should have been: what told so, and one of them, masked."""

    handshakes: int
    lines: int
    example: str


class LogReading:
    """Remembers what came since the last line that was recognised."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._lag = 0.0
        self._rounds: list[float] = []
        self._lines = 0
        self._heard_at = 0.0
        self._example = ""

    def succeeded(self, finished: float) -> None:
        """Take note of a round of ours that ended well and leaves a line in the log (event loop's clock)."""
        if len(self._rounds) < HANDSHAKES:
            self._rounds.append(finished)

    def record(self, batch: MaillogBatch) -> None:
        """Take in a batch: one recognised line is enough, and all before it is forgotten."""
        if batch.records:
            self._rounds, self._lines, self._example = [], 0, ""
        elif batch.lines:
            self._lines += batch.tagged
            self._heard_at = batch.finished
            self._example = batch.example or self._example
        if batch.lag is not None:
            self._lag = batch.lag

    def known(self, now: float) -> NotUnderstood | None:
        """Give what is known at ``now``; a round's line has the time that proofs give it, too."""
        due = now - LINE_WAIT - min(self._lag, LONGEST_LAG)
        enough = len(self._rounds) == HANDSHAKES and self._rounds[-1] <= min(due, self._heard_at)
        if not enough and (self._rounds or self._lines < LINES):
            return None
        return NotUnderstood(len(self._rounds), self._lines, self._example)
