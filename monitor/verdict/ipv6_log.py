"""The IPv6 handshakes found again in the mail log: does a listener that takes the header also believe it?"""

from collections.abc import Collection

from monitor.core.model import Target
from monitor.core.observations import MaillogBatch, Observation
from monitor.verdict.believed import Expectation
from monitor.verdict.listener_names import ListenerNames
from monitor.verdict.listeners import Listeners
from monitor.verdict.log_proof import LogFinding, LogProof, LogRound
from monitor.verdict.plan import Ipv6Plan


class Ipv6Log:
    """Whom the log has shown in our place; bounded by the number of services.

    Under an address that is not ours a line is known by its port or its number of NOOPs alone, which a stranger may
    share: two rounds in a row must show the same one.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._log = LogProof(Listeners((), ()))
        self._shown: dict[Target, str] = {}
        self._suspected: dict[Target, str] = {}

    def replan(self, plan: Ipv6Plan | None, names: ListenerNames | None = None) -> None:
        """Take over what is asked from now on, and under which names it is logged; forget the rest."""
        asked: Collection[Target] = () if plan is None or not plan.log else plan.services.keys()
        if plan is not None:
            self._log.listeners = Listeners(plan.services.values(), (plan.destination,), names)
        self._log.forget(asked)
        self._shown = {target: address for target, address in self._shown.items() if target in asked}
        self._suspected = {target: address for target, address in self._suspected.items() if target in asked}

    def add(self, seen: Observation, plan: Ipv6Plan) -> None:
        """Look for an ended round that came to its clean end."""
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

    def feed(self, batch: MaillogBatch, plan: Ipv6Plan) -> None:
        """Take in lines; an empty batch says that there were none."""
        if batch.lag is not None:
            self._log.lag = batch.lag
        self._log.feed(batch.records, batch.finished, {plan.claimed})
        for finding in self._log.settle(batch.finished):
            self._conclude(finding)

    def believed(self, target: Target) -> str | None:
        """Give whom the listener took us for by its log; ``None`` where that is not certain."""
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
