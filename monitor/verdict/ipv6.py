"""Does the server take a PROXY header that names IPv6 addresses? Asked rarely, told as a finding, never as a verdict.

Postfix refuses it where ``inet_protocols`` is ``ipv4``: right for a path that has no IPv6 client, fatal for one that
has. Each refusal is a warning in the server's log, so a server that has refused is left alone for longer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from monitor.core.model import MailProtocol, Target
from monitor.core.observations import MaillogBatch, Observation
from monitor.core.proof import NOTHING, Ask
from monitor.core.runbook import POSTCONF_SERVICES
from monitor.core.status import Finding
from monitor.core.verdicts import Verdict
from monitor.verdict.client_ip import nonce
from monitor.verdict.log_counts import NamedLine
from monitor.verdict.log_proof import LogFinding, LogProof, LogRound
from monitor.verdict.origins import Expectation, address_of
from monitor.verdict.plan import Ipv6Plan

# A number that real clients do not send: smtpd counts them in its disconnect line.
NOOPS = 4


@dataclass(frozen=True, slots=True)
class _Answer:
    """The last probe run that showed something; ``seen`` is the address that the server named, or ``None``."""

    refused: bool
    seen: str | None
    finished: float


class Ipv6Log:
    """Under which addresses the log has shown us; bounded by the number of services.

    Under an address that is not ours a line is known by its port or its number of NOOPs alone, which a stranger may
    share: two rounds in a row must show the same one.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._log = LogProof()
        self._shown: dict[Target, str] = {}
        self._suspected: dict[Target, str] = {}

    def replan(self, plan: Ipv6Plan | None) -> None:
        """Adopt what is asked from now on; forget the rest."""
        asked: Collection[Target] = () if plan is None or not plan.log else plan.services.keys()
        self._log.forget(asked)
        self._shown = {target: address for target, address in self._shown.items() if target in asked}
        self._suspected = {target: address for target, address in self._suspected.items() if target in asked}

    def add(self, seen: Observation, plan: Ipv6Plan) -> None:
        """Look for the line of a probe run that ended cleanly."""
        conversation = seen.conversation
        if not plan.log or conversation is None or conversation.outcome is None or conversation.endpoints is None:
            return
        ended = LogRound(
            target=seen.target,
            started=seen.started,
            finished=seen.finished,
            at=seen.at,
            expected=Expectation(frozenset((plan.claimed,))),
            unique=False,  # one address serves for all services
            listeners=frozenset((plan.services[seen.target].listener_port,)),
            port=conversation.endpoints.local_port,
            noops=conversation.outcome.noops,
            recipient=conversation.outcome.recipient,
        )
        self._log.add(ended, {plan.claimed})

    def feed(self, batch: MaillogBatch, lines: Iterable[NamedLine], plan: Ipv6Plan) -> None:
        """Record the named lines of a batch; an empty one says that there were none."""
        if batch.lag is not None:
            self._log.lag = batch.lag
        self._log.feed(lines, batch.finished, {plan.claimed})
        for finding in self._log.settle(batch.finished):
            self._conclude(finding)

    def seen(self, target: Target) -> str | None:
        """The address under which the listener saw us by its log; ``None`` where that is not certain."""
        return self._shown.get(target)

    def _conclude(self, finding: LogFinding) -> None:
        target = finding.round.target
        if not finding.address:
            return  # what the log does not show it may have lost
        before = self._suspected.pop(target, "")
        if not finding.certain:
            self._suspected[target] = finding.address
        if finding.certain or before == finding.address:
            self._shown[target] = finding.address


class Ipv6Book:
    """The last answers about IPv6; bounded by the number of services."""

    def __init__(self, plan: Ipv6Plan | None = None) -> None:
        """Begin knowing nothing."""
        self._plan = plan
        self._answers: dict[Target, _Answer] = {}
        self._log = Ipv6Log()

    def replan(self, plan: Ipv6Plan | None) -> None:
        """Adopt what is asked from now on; forget the rest."""
        self._plan = plan
        self._log.replan(plan)
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
            self._answers[seen.target] = _Answer(refused=True, seen=None, finished=seen.finished)
        elif outcome is not None:
            self._answers[seen.target] = _Answer(refused=False, seen=outcome.believed_address, finished=seen.finished)
            self._log.add(seen, self._plan)
        return True

    def record_log(self, batch: MaillogBatch, lines: Iterable[NamedLine]) -> None:
        """Record the named lines of a batch; an empty one says that there were none."""
        if self._plan is not None and self._plan.log:
            self._log.feed(batch, lines, self._plan)

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
            for seen in (answer.seen, self._log.seen(target)):
                if seen is not None and address_of(seen) != address_of(plan.claimed):
                    found.append(_lost(target.service, seen, plan.claimed))
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


def _lost(service: str, seen: str, claimed: str) -> Finding:
    return Finding(
        severity="critical",
        subject=service,
        kind="ipv6_client_ip_lost",
        message=f"{service} takes the IPv6 client {claimed} of a PROXY header for {seen}.",
        remedy=POSTCONF_SERVICES,
    )
