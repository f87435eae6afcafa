"""The rules of the diagnosis about the mail server: its listeners, its reading of the header, its certificate."""

from collections.abc import Collection

from monitor.core.runbook import CERTIFICATE, LISTENERS, MAIL_LOG, USER_PATCHES, about
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Cause, Evidence, names, targets, told

_TURNS_AWAY = (Verdict.THROTTLED, Verdict.TURNED_AWAY)
_DOWN = (Verdict.LISTENER_DOWN, Verdict.PORT_CLOSED, Verdict.NO_GREETING, Verdict.PROTOCOL_ERROR, *_TURNS_AWAY)
_NOT_ASKED = (Verdict.UNKNOWN, Verdict.NODE_UNREACHABLE)


def mail_server_down(evidence: Evidence) -> Cause | None:
    """A service is down or hung on every reachable node, at its stock port too where that is known."""
    down = [service.name for service in evidence.plan.services if _down_everywhere(evidence, service.name)]
    wrong = [status for status in evidence.failing(*_DOWN) if status.target.service in down]
    if not wrong:
        return None
    services = dict.fromkeys(status.target.service for status in wrong)
    checks = (check for name in services for check in evidence.checks_of(name))
    return Cause(
        f"The mail server does not serve {names(services)} on any node ({names(s.verdict for s in wrong)}).",
        evidence=told(wrong),
        remedy=MAIL_LOG,
        explains=targets((*wrong, *checks)) | evidence.doors_behind(wrong),
    )


def turns_clients_away(evidence: Evidence) -> Cause | None:
    """The mail server itself says no, or is throttled, if only to those who come by some nodes."""
    wrong = evidence.failing(*_TURNS_AWAY)
    if not wrong:
        return None
    return Cause(
        f"The mail server turns clients of {names(s.target.service for s in wrong)} away "
        f"({names(s.verdict for s in wrong)}).",
        evidence=told(wrong),
        remedy=MAIL_LOG,
        explains=targets(wrong) | evidence.doors_behind(wrong),
    )


def listener_down(evidence: Evidence) -> Cause | None:
    """Only the PROXY port of a service is down, on all nodes; its stock port answers."""
    lost = evidence.failing(Verdict.LISTENER_DOWN)
    if not lost:
        return None
    return Cause(
        f"The PROXY listener of {names(s.target.service for s in lost)} is down on every node, while the stock port "
        "answers.",
        evidence=told(lost),
        remedy=LISTENERS,
        explains=targets(lost) | evidence.doors_behind(lost),
    )


def header_refused(evidence: Evidence) -> Cause | None:
    """The PROXY header is rejected, or PROXY is off on the data port."""
    wrong = evidence.failing(Verdict.HEADER_REJECTED, Verdict.HEADER_NOT_CONSUMED)
    if not wrong:
        return None
    return Cause(
        f"The PROXY header does not get through on {names(s.target.service for s in wrong)} "
        f"({names(s.verdict for s in wrong)}).",
        evidence=told(wrong),
        remedy=USER_PATCHES,
        explains=targets(wrong) | evidence.doors_behind(wrong),
    )


def client_ip_lost(evidence: Evidence) -> Cause | None:
    """The server takes our connection for somebody else's, though the header that we sent was right."""
    wrong = evidence.failing(Verdict.CLIENT_IP_LOST)
    if not wrong:
        return None
    services = dict.fromkeys(status.target.service for status in wrong)
    doors = (d for d in evidence.failing_doors(Verdict.CLIENT_IP_LOST) if d.target.service in services)
    return Cause(
        f"The mail server does not see the real client IP on {names(services)}.",
        evidence=told(wrong),
        remedy=MAIL_LOG,
        explains=targets((*wrong, *doors)),
    )


def tls_invalid(evidence: Evidence) -> Cause | None:
    """No TLS, or a certificate that no client accepts."""
    doors = evidence.failing_doors(Verdict.TLS_INVALID)
    wrong = (*evidence.failing(Verdict.TLS_INVALID), *doors)
    if not wrong:
        return None
    address = doors[0].address if doors else evidence.edge_address
    asked = (*doors, *wrong)[0].target.service
    service = next(each for each in evidence.plan.services if each.name == asked)
    services = dict.fromkeys(status.target.service for status in wrong)
    return Cause(
        f"TLS is not valid on {names(services)}.",
        evidence=told(wrong),
        remedy=about(CERTIFICATE, address, service),
        explains=targets(wrong) | evidence.wavering_doors(services),
    )


def _down_everywhere(evidence: Evidence, service: str) -> bool:
    asked = [s for s in evidence.handshakes_of(service) if s.verdict not in _NOT_ASKED]
    if any(s.verdict is Verdict.LISTENER_DOWN for s in asked):
        # This verdict speaks of all nodes already.
        return not any(s.last is not None and s.last.ok for s in evidence.checks_of(service) if not s.stale)
    return all(_shows(s, _DOWN) for s in asked)


def _shows(status: TargetStatus, verdicts: Collection[Verdict]) -> bool:
    """Tell whether a target shows one of these: by its verdict or, before ``fall`` turns it, by its latest round."""
    latest = status.last.judgement.verdict if status.verdict.up and status.last is not None else status.verdict
    return latest in verdicts
