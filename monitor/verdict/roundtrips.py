"""Roundtrips: the last one, the last success, and which clients the mail log showed meanwhile, and what follows."""

from collections.abc import Iterator

from monitor.core.maillog import LineKind
from monitor.core.observations import MaillogBatch
from monitor.core.roundtrip import Roundtrip, RoundtripStatus, Step
from monitor.core.runbook import CLIENTS_SEEN, MAIL_LOG, REDIRECTS, ROUNDTRIP
from monitor.core.status import Finding
from monitor.verdict.evidence import Cause, Evidence

# Addresses whose last connection is remembered: Brevo has some hundreds, and a scan must not drive them out at once.
REMEMBERED = 4096
# The mail log and the message's own duration are by two clocks.
SLACK = 60.0
OVERDUE_AFTER = 3

# Named here once: an enumeration's member takes as long to find as the rest of a line of the log takes here.
_BY_POSTSCREEN = LineKind.POSTSCREEN_CONNECT
_CONNECTS = frozenset({_BY_POSTSCREEN, LineKind.SMTPD_CONNECT})


class RoundtripBook:
    """One path's memory of its roundtrips. Times are seconds since the epoch."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._expected: float | None = None
        self._since: float | None = None
        self._last: Roundtrip | None = None
        self._last_success: float | None = None
        self._connects: dict[str, tuple[float, str]] = {}

    def replan(self, expected_interval: float | None) -> None:
        """Expect a result this often (seconds); ``None``: whenever one comes."""
        self._expected = expected_interval

    def record(self, result: Roundtrip) -> None:
        """Take in a result."""
        self._last = result
        if result.success:
            self._last_success = result.at

    def record_log(self, batch: MaillogBatch) -> None:
        """Remember who connected: the service that spoke first, postscreen where there is one."""
        for record in batch.records:
            if record.kind not in _CONNECTS or not record.address or record.repeats:
                continue
            first = record.kind is _BY_POSTSCREEN
            known = self._connects.pop(record.address, None)
            if known is None and len(self._connects) >= REMEMBERED:
                del self._connects[next(iter(self._connects))]
            # smtpd's line of the same connection follows postscreen's: the listener's name is in the latter alone.
            program = record.program if first or known is None or batch.at - known[0] > SLACK else known[1]
            self._connects[record.address] = (batch.at, program)

    def status(self, at: float) -> RoundtripStatus | None:
        """Give what is known at ``at``; ``None`` where no result has come and none is expected."""
        if self._since is None:
            self._since = at
        age = at - (self._last.at if self._last is not None else self._since)
        overdue = age if self._expected is not None and age > OVERDUE_AFTER * self._expected else None
        if self._last is None and self._expected is None:
            return None
        return RoundtripStatus(self._last, self._last_success, overdue, self._logged_as())

    def _logged_as(self) -> str:
        last = self._last
        if last is None or not last.client_address or last.duration is None:
            return ""
        at, program = self._connects.get(last.client_address, (0.0, ""))
        return program if at >= last.at - last.duration - SLACK else ""


def findings(status: RoundtripStatus | None, edge: str) -> Iterator[Finding]:
    """Tell what a message that arrived has shown all the same; ``edge`` is the edge's address."""
    last = status.last if status is not None else None
    if last is None or not last.success:
        return
    if last.client_ip_recovered is False:
        message = f"The roundtrip's sender was recorded as {last.client_address}, an address of the house."
        yield Finding("critical", "roundtrip", "client_ip_lost", message, CLIENTS_SEEN)
    if last.via_backup:
        message = "The roundtrip's message came by the backup MX: the front door did not take it from outside."
        yield Finding("warning", "roundtrip", "via_backup", message, REDIRECTS.at(edge) if edge else ROUNDTRIP)


_SUMMARIES = {
    Step.SEND: "The roundtrip's message could not be sent: the sender has trouble, or the way there.",
    Step.MAILBOX: "The roundtrip's message was sent, and the mailbox cannot be read.",
    Step.ARRIVE: "Every hop is fine from inside, and the roundtrip's message does not arrive.",
}
_REMEDIES = {Step.SEND: ROUNDTRIP, Step.MAILBOX: MAIL_LOG, Step.ARRIVE: MAIL_LOG}


def not_arriving(evidence: Evidence) -> Cause | None:
    """A message does not arrive, or nobody tries any more, though nothing on its way is known to be broken."""
    status = evidence.roundtrip
    ways_in = evidence.front_doors or evidence.handshakes
    well = bool(ways_in) and all(door.verdict.up for door in ways_in) and not evidence.log.deferring
    if status is None or not well:
        return None
    if status.overdue is not None:
        return Cause(f"No roundtrip has been reported for {status.overdue / 60:.0f} min.", remedy=ROUNDTRIP)
    last = status.last
    if last is None or last.success:
        return None
    step = last.step or Step.ARRIVE
    return Cause(_SUMMARIES[step], evidence=(f"roundtrip: {last.words}",), remedy=_REMEDIES[step])
