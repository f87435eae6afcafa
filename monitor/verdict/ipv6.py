"""Does the server take a PROXY header that names IPv6 addresses? Asked rarely, told as a finding, never as a verdict.

Postfix refuses it where ``inet_protocols`` is ``ipv4``: right for a path that has no IPv6 client, fatal for one that
has. Each refusal is a warning in the server's log, so a server that has refused is left alone for longer.
"""

from dataclasses import dataclass

from monitor.core.model import MailProtocol, Target
from monitor.core.observations import MaillogBatch, Observation
from monitor.core.proof import NOTHING, Ask
from monitor.core.runbook import POSTCONF_SERVICES
from monitor.core.status import Finding
from monitor.core.verdicts import Verdict
from monitor.verdict.believed import address_of
from monitor.verdict.client_ip import nonce
from monitor.verdict.ipv6_log import Ipv6Log
from monitor.verdict.listener_names import ListenerNames
from monitor.verdict.plan import Ipv6Plan

# A number that real clients do not send: smtpd counts them in its disconnect line.
NOOPS = 4


@dataclass(frozen=True, slots=True)
class _Answer:
    """The last round that told something; ``believed`` is the address that the server named, or ``None``."""

    refused: bool
    believed: str | None
    finished: float


class Ipv6Book:
    """The last answers about IPv6; bounded by the number of services."""

    def __init__(self, plan: Ipv6Plan | None = None) -> None:
        """Begin knowing nothing."""
        self._plan = plan
        self._answers: dict[Target, _Answer] = {}
        self._log = Ipv6Log()
        self._log.replan(plan)

    def replan(self, plan: Ipv6Plan | None, names: ListenerNames | None = None) -> None:
        """Take over what is asked from now on, and under which names it is logged; forget the rest."""
        self._plan = plan
        self._log.replan(plan, names)
        asked = {} if plan is None else plan.services
        self._answers = {target: answer for target, answer in self._answers.items() if target in asked}

    def ask(self, target: Target, now: float) -> Ask | None:
        """Say what the round that is due now shall leave behind; ``None``: leave the server alone."""
        plan, answer = self._plan, self._answers.get(target)
        if plan is None or target not in plan.services:
            return None
        if answer is not None and answer.refused and now - answer.finished < plan.refused_interval:
            return None
        if plan.services[target].protocol not in {MailProtocol.SMTPS, MailProtocol.SUBMISSION}:
            return NOTHING
        return Ask(noops=NOOPS if plan.log else 0, nonce=nonce(target, now) if plan.reply else "")

    def record(self, seen: Observation) -> bool:
        """Take in an ended round, if it is one of these; only the header's own failure tells anything."""
        if self._plan is None or seen.target not in self._plan.services:
            return False
        outcome = seen.conversation.outcome if seen.conversation is not None else None
        if seen.judgement.verdict is Verdict.HEADER_REJECTED:
            self._answers[seen.target] = _Answer(refused=True, believed=None, finished=seen.finished)
        elif outcome is not None:
            believed = outcome.believed_address
            self._answers[seen.target] = _Answer(refused=False, believed=believed, finished=seen.finished)
            self._log.add(seen, self._plan)
        return True

    def record_log(self, batch: MaillogBatch) -> None:
        """Take in lines of the mail log; an empty batch says that there were none."""
        if self._plan is not None and self._plan.log:
            self._log.feed(batch, self._plan)

    def findings(self) -> tuple[Finding, ...]:
        """Give a finding for each service that refuses the header, or takes us for somebody else behind it."""
        plan = self._plan
        if plan is None:
            return ()
        found = []
        for target, answer in self._answers.items():
            if answer.refused:
                found.append(_refused(target.service, needed=plan.needed))
                continue
            for believed in (answer.believed, self._log.believed(target)):
                if believed is not None and address_of(believed) != address_of(plan.claimed):
                    found.append(_lost(target.service, believed, plan.claimed))
                    break
        return tuple(found)


def _refused(service: str, *, needed: bool) -> Finding:
    hurts = "an edge has an IPv6 address, and its clients are turned away" if needed else "no edge has an IPv6 address"
    return Finding(
        severity="warning" if needed else "info",
        subject=service,
        kind="ipv6_header_refused",
        message=f"{service} refuses a PROXY header with IPv6 addresses ({hurts}): inet_protocols of Postfix is ipv4.",
        remedy=POSTCONF_SERVICES,
    )


def _lost(service: str, believed: str, claimed: str) -> Finding:
    return Finding(
        severity="critical",
        subject=service,
        kind="ipv6_client_ip_lost",
        message=f"{service} takes the IPv6 client {claimed} of a PROXY header for {believed}.",
        remedy=POSTCONF_SERVICES,
    )
