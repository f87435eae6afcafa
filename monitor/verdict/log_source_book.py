"""Whether the source of the mail log lives, and how far behind it is."""

from monitor.core.observations import MaillogBatch
from monitor.core.status import MaillogStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.stuck_mail import Stuck

# A source is read at least every few seconds; beyond this it does not live any more.
STALE_AFTER = 30.0


class LogSourceBook:
    """What the last reading of a path's log source said."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._last: MaillogBatch | None = None
        self._lag: float | None = None

    def record(self, batch: MaillogBatch) -> bool:
        """Take in a reading; say whether it is news, beyond being newer."""
        before, self._last = self._last, batch
        if batch.lag is not None:
            self._lag = batch.lag
        return bool(batch.records) or before is None or before.failure != batch.failure

    def status(self, source: str | None, now: float, stuck: Stuck | None) -> MaillogStatus | None:
        """Give what is known of the source at ``now`` (the event loop's clock); ``None`` where no log is followed."""
        if source is None:
            return None
        batch = self._last
        if batch is None:
            return MaillogStatus(source, None, None, "not read yet")
        if now - batch.finished > STALE_AFTER:
            return MaillogStatus(
                source, up=False, lag=None, reason="no sign of life from the source", cause=Reason.STALE
            )
        if batch.failure is not None:
            cause, detail = batch.failure.reason, batch.failure.detail
            return MaillogStatus(source, up=False, lag=None, reason=f"{cause}: {detail}", cause=cause)
        messages, oldest = (0, None) if stuck is None else (stuck.messages, stuck.oldest)
        return MaillogStatus(source, up=True, lag=self._lag, reason="", stuck=messages, oldest_stuck=oldest)
