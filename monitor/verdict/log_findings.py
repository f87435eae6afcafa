"""What the mail log says, as findings and as rules of the diagnosis: sentences for people, each with what to do."""

from collections.abc import Iterable, Iterator

from monitor.core.model import Service
from monitor.core.observations import UnnamedListeners
from monitor.core.proof import EvidenceKind, ProofResult, Unproven
from monitor.core.runbook import (
    CHECK_PORT,
    CLIENTS_SEEN,
    LESS_NOISE,
    LISTENER_NAMES,
    LOG_FORMAT,
    MAIL_LOG,
    OWN_NAME,
    PROGRAM_NAMES,
    PROXY_PARAMETER,
    QUEUE,
    REDIRECTS,
    Remedy,
)
from monitor.core.status import Finding
from monitor.core.verdicts import Verdict
from monitor.verdict.check_ports import LocalChecks
from monitor.verdict.counting import MINUTE
from monitor.verdict.evidence import Cause, Evidence, names
from monitor.verdict.log_listeners import has_no_name
from monitor.verdict.log_state import LogSignals, NotUnderstood
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
_NO_PROGRAMS = (
    "The lines of the mail log name no program: clients of the SMTP services are not counted, and a lost client IP "
    "would not be noticed there."
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
    unnamed = unnamed_listeners(signals.unnamed, evidence.plan.services)
    found += (each for each in unnamed if each.severity == "warning")
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
    unnamed = unnamed_listeners(signals.unnamed, ports.values())
    found += (each for each in unnamed if each.severity == "info")
    if signals.stuck is not None and not signals.stuck.grave:
        found.append(Finding("info", "maillog", "deferred", told_stuck(signals.stuck), QUEUE))
    if signals.noise:
        message = f"Checks leave {signals.noise:.0f} lines a minute in the mail log (edge_check_noise)."
        found.append(Finding("info", "maillog", "edge_check_noise", message, LESS_NOISE))
    return tuple(found)


def unnamed_listeners(unnamed: UnnamedListeners, services: Iterable[Service]) -> Iterator[Finding]:
    """Give a finding for each name in the log that tells no listener, or tells two of them."""
    names_of = {service.listener_port: service.name for service in services}
    # Where every listener of ours is seen under its name, a further one may well be none of ours.
    severity = "warning" if unnamed.unseen else "info"
    if any(has_no_name(program) for program in unnamed.unknown):
        yield Finding(severity, "maillog", "listener_name_unknown", _NO_PROGRAMS, PROGRAM_NAMES)
    for program in unnamed.unknown:
        if not has_no_name(program):
            message = (
                f"Clients come to a listener that logs as {program}, and no service is known by this name: they are "
                "not counted, and a lost client IP would not be noticed there."
            )
            yield Finding(severity, program, "listener_name_unknown", message, LISTENER_NAMES)
    for port, program in sorted(unnamed.shared.items()):
        subject = names_of.get(port, str(port))
        message = (
            f"The PROXY listener of {subject} logs as {program}, as a listener without PROXY does: what happens there "
            "cannot be told apart."
        )
        yield Finding("warning", subject, "listener_name_unknown", message, OWN_NAME)


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


def deferring(evidence: Evidence) -> Cause | None:
    """Mail is turned away in the transaction (a full volume, a failing lookup), or let in and not delivered."""
    if evidence.log.deferring:
        return Cause(DEFERRING, remedy=MAIL_LOG)
    stuck = evidence.log.stuck
    return Cause(told_stuck(stuck), remedy=QUEUE) if stuck is not None and stuck.grave else None


def clients_lost(evidence: Evidence) -> Cause | None:
    """Real clients are taken for the edge, though our own connections keep their addresses."""
    ours = any(s.verdict is Verdict.CLIENT_IP_LOST for s in (*evidence.handshakes, *evidence.front_doors))
    if ours or not evidence.log.lost:
        return None
    return Cause(
        "Real clients lose their addresses on the way: the mail server takes them for the edge.",
        evidence=tuple(told_loss(loss) for loss in evidence.log.lost),
        remedy=CLIENTS_SEEN,
    )


def maillog_cut(evidence: Evidence) -> Cause | None:
    """The log source is broken: mail flows, and we cannot read about it."""
    log = evidence.maillog
    if log is None or log.up is not False:
        return None
    return Cause(
        f"The mail log cannot be read ({log.source}): {log.reason}.",
        evidence=(log.reason,),
        remedy=MAIL_LOG,
    )


def log_not_understood(evidence: Evidence) -> Cause | None:
    """Lines come and say nothing to us: whom the server takes its clients for nobody knows, unless its replies tell."""
    unread = evidence.log.unread
    proofs = (proof for status in (*evidence.handshakes, *evidence.front_doors) for proof in status.proofs)
    told_otherwise = any(
        proof.evidence is not EvidenceKind.LOG and proof.result is not ProofResult.UNPROVEN for proof in proofs
    )
    if unread is None or told_otherwise:
        return None
    evidence_of_it = (unread.example,) if unread.example else ()
    return Cause(told_unread(unread), evidence=evidence_of_it, remedy=LOG_FORMAT)


def maillog_silent(evidence: Evidence) -> Cause | None:
    """Mail flows, the source can be read, and no line of our own connections comes any more."""
    log = evidence.maillog
    if log is None or not log.up or evidence.log.unread is not None:
        return None
    flowing = [s for s in (*evidence.handshakes, *evidence.front_doors) if s.verdict.up]
    proofs = [proof for status in flowing for proof in status.proofs]
    unheard = {Unproven.NOT_TRIED, Unproven.STALE}
    awaited = [proof for proof in proofs if proof.evidence is EvidenceKind.LOG and proof.why not in unheard]
    silent = bool(awaited) and all(proof.why is Unproven.NO_LINE for proof in awaited)
    # Evidence that ever came says that it could: this log has shown us, or the server shows us another way.
    if not silent or not (evidence.log.shown or any(proof.proven_at is not None for proof in proofs)):
        return None
    behind = f", whose newest line was {log.lag:.0f} s old" if log.lag is not None and log.lag >= 1 else ""
    return Cause(
        f"No line of our own connections comes from the mail log ({log.source}){behind}: it is cut, or behind.",
        evidence=(f"{len(awaited)} rounds without their line, while the dialogues work",),
        remedy=MAIL_LOG,
    )


def wan_silent(evidence: Evidence) -> Cause | None:
    """Nobody comes from outside, though all inside is well."""
    silence = nobody_comes(evidence)
    return None if silence is None else Cause(told_silence(silence), remedy=redirects(evidence))
