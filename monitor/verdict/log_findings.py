"""What the mail log teaches, as findings: sentences for people, each with what to do."""

from collections.abc import Iterable

from monitor.core.model import Service
from monitor.core.runbook import (
    CHECK_PORT,
    CLIENTS_SEEN,
    LESS_NOISE,
    LOG_FORMAT,
    MAIL_LOG,
    PROXY_PARAMETER,
    QUEUE,
    REDIRECTS,
    Remedy,
)
from monitor.core.status import Finding
from monitor.verdict.check_ports import LocalChecks
from monitor.verdict.evidence import Evidence, names
from monitor.verdict.log_book import LogSignals
from monitor.verdict.log_reading import NotUnderstood
from monitor.verdict.sliding import MINUTE
from monitor.verdict.stuck_mail import Stuck
from monitor.verdict.traffic import ALL_LISTENERS, WINDOW, Loss

DEFERRING = (
    "The mail server lets mail in and then defers it (451 4.3.x, 452 4.3.1, a milter that does not answer): a full "
    "volume, a failing lookup, or a filter that is down."
)
_PROXY_IGNORED = (
    "smtpd behind postscreen has `smtpd_upstream_proxy_protocol` set and ignores it: postscreen has read the header. "
    "Set in main.cf, the parameter makes every other smtpd refuse clients that send none."
)


def worrying(evidence: Evidence) -> tuple[Finding, ...]:
    """Give what makes a path less than healthy though every dialogue works."""
    signals = evidence.log
    found = [
        Finding("critical", str(loss.listener or "all"), "client_ip_lost", f"{told_loss(loss)}.", CLIENTS_SEEN)
        for loss in signals.lost
    ]
    if signals.deferring:
        found.append(Finding("warning", "maillog", "tempfail", DEFERRING, MAIL_LOG))
    if signals.stuck is not None and signals.stuck.grave:
        found.append(Finding("warning", "maillog", "deferred", told_stuck(signals.stuck), QUEUE))
    if signals.unread is not None:
        found.append(Finding("warning", "maillog", "log_not_understood", told_unread(signals.unread), LOG_FORMAT))
    silence = nobody_comes(evidence)
    if silence is not None:
        found.append(Finding("warning", "wan", "wan_silence", told_silence(silence), redirects(evidence)))
    return tuple(found)


def explaining(signals: LogSignals, services: Iterable[Service], checks: Iterable[LocalChecks]) -> tuple[Finding, ...]:
    """Give what explains lines of the log that alarm a reader and need not, or not yet."""
    found = []
    ports = {service.listener_port: service for service in services}
    checks = tuple(checks)
    for port in sorted(signals.local_checks):
        pools = [each.backend for each in checks if each.service == ports[port]]
        by = f"by the checks of {names(pools)}" if pools else "by nobody that HAProxy's state names"
        message = f"postscreen of listener {port} logs getpeername: it is disturbed {by}."
        remedy = CHECK_PORT if pools else MAIL_LOG
        found.append(Finding("warning", str(port), "getpeername", message, remedy))
    if signals.proxy_ignored:
        found.append(Finding("warning", "maillog", "proxy_ignored", _PROXY_IGNORED, PROXY_PARAMETER))
    if signals.stuck is not None and not signals.stuck.grave:
        found.append(Finding("info", "maillog", "deferred", told_stuck(signals.stuck), QUEUE))
    if signals.noise:
        message = f"Checks leave {signals.noise:.0f} lines a minute in the mail log (edge_check_noise)."
        found.append(Finding("info", "maillog", "edge_check_noise", message, LESS_NOISE))
    return tuple(found)


def nobody_comes(evidence: Evidence) -> float | None:
    """Give the seconds without an outside client, where somebody could have come: the ways in are well from inside."""
    # Clients that are taken for the edge have come.
    ways_in = evidence.front_doors or evidence.handshakes
    well = bool(ways_in) and all(status.verdict.up for status in ways_in)
    return evidence.log.silence if well and not evidence.log.lost else None


def redirects(evidence: Evidence) -> Remedy:
    """Give the command that shows where NAT sends the mail ports."""
    return REDIRECTS.at(evidence.edges[0].address if evidence.edges else None)


def told_loss(loss: Loss) -> str:
    """Give the numbers of a loss, as half a sentence."""
    where = "the PROXY listeners together" if loss.listener == ALL_LISTENERS else f"listener {loss.listener}"
    return (
        f"Real clients are taken for the edge on {where}: in {WINDOW} min {loss.edge} came as the edge (usually "
        f"{loss.usual_edge:.1f}), {loss.external} as themselves (usually {loss.usual_external:.1f})"
    )


def told_stuck(stuck: Stuck) -> str:
    """Give what waits in the queue, as a sentence."""
    messages = "one message" if stuck.messages == 1 else f"{stuck.messages} messages"
    return (
        f"The mail server has accepted {messages} and cannot deliver to its own mailboxes; the oldest waits for "
        f"{stuck.oldest / MINUTE:.0f} min: {stuck.why}."
    )


def told_unread(unread: NotUnderstood) -> str:
    """Give what is not understood, with one masked line of it."""
    meanwhile = (
        f"while {unread.handshakes} handshakes of our own succeeded that the server logs"
        if unread.handshakes
        else f"in {unread.lines} lines of Postfix or Dovecot"
    )
    example = f" One of them, masked: {unread.example}" if unread.example else ""
    return f"Lines of the mail log arrive and none is recognised, {meanwhile}.{example}"


def told_silence(silence: float) -> str:
    """Give the length of a silence, as a sentence."""
    return f"No outside client has come for {silence / MINUTE:.0f} min, while the way in is well from inside."
