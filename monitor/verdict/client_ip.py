"""Client IP proof of one path: what each round shall leave behind, what came of it, and what that proves by now."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.core.model import MailProtocol, Service, Target
from monitor.core.observations import MaillogBatch, Observation
from monitor.core.proof import NOTHING, Ask, EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Origin
from monitor.verdict.log_counts import NamedLine
from monitor.verdict.log_proof import LINE_WAIT, LogFinding, LogProof, LogRound
from monitor.verdict.origins import Expectation, Origins
from monitor.verdict.plan import PathPlan, ProofPlan, TargetPlan

# smtpd names its client only where a client must log in (facts of docker-mailserver's 465 and 587), and counts NOOPs
# everywhere; on port 25 postscreen's line has the port, which is better and costs no round trip.
_SMTPD_ALONE = frozenset({MailProtocol.SMTPS, MailProtocol.SUBMISSION})

# Numbers of NOOPs: real clients send none, or one to stay alive; smtpd_junk_command_limit allows 100.
FEWEST_NOOPS, NOOP_COUNTS = 2, 7

# Rounds keep to their beat, but not to the millisecond; a reply that is due in this time is due now, in seconds.
SLACK = 0.5

# Replies prove for so many intervals.
REPLIES_PROVE_FOR = 3

# Kinds of address that no client of a data port has: of two such rounds in a row each may show another one, since
# kube-proxy's source NAT follows HAProxy's choice of node.
_NEVER_A_CLIENT = frozenset({SeenAs.EDGE, SeenAs.CLUSTER, SeenAs.LOOPBACK})

_PROBE = Origin.PROBE

# From here on a reject line may be in the server's log.
_REPLY_TRIED = frozenset({Phase.PROOF, Phase.QUIT})


@dataclass(slots=True)
class _Known:
    """What is known of one target; ``at`` and ``tried`` are the event loop's clock."""

    plan: ProofPlan
    service: Service
    place: int
    log_proves_for: float = 0.0
    rounds: int = 0
    reply: Proof | None = None
    reply_at: float = 0.0
    reply_tried: float | None = None
    log: Proof | None = None
    log_at: float = 0.0
    suspected: Proof | None = None
    listener: int | None = None
    listener_at: float = 0.0


class ClientIp:
    """Everything remembered about the proof of one path; memory is bounded by the number of targets."""

    def __init__(self, plan: PathPlan, origins: Origins) -> None:
        """Begin knowing nothing; ``origins`` are the path's, and learn our own addresses at its front doors."""
        self._known: dict[Target, _Known] = {}
        self._origins = origins
        self._log = LogProof()
        self.replan(plan)

    def replan(self, plan: PathPlan) -> None:
        """Take over a new plan; a target that is to be proven as before keeps what is known of it."""
        before, self._known = self._known, {}
        services = {service.name: service for service in plan.services}
        places: Counter[str] = Counter()
        for target_plan in plan.targets:
            target, proof = target_plan.target, target_plan.proof
            if proof is not None:
                known = before.get(target)
                place = places[target.service]
                places[target.service] += 1
                self._known[target] = _planned(known, target_plan, proof, services[target.service], place)
        self._claims = {known.plan.claimed: target for target, known in self._known.items() if known.plan.claimed}
        self._log.forget(self._known.keys())

    def ask(self, target: Target, now: float) -> Ask:
        """Say what the round that now begins shall leave behind."""
        known = self._known.get(target)
        if known is None or known.service.protocol not in _SMTPD_ALONE:
            return NOTHING
        known.rounds += 1
        # Rounds in a row differ, and so do, mostly, targets of one listener that are probed in step.
        count = FEWEST_NOOPS + (known.place + known.rounds) % NOOP_COUNTS
        return Ask(
            noops=count if EvidenceKind.LOG in known.plan.evidence else 0,
            nonce=nonce(target, now) if self._reply_due(known, now) else "",
        )

    def record_round(self, seen: Observation) -> None:
        """Take in an ended round of a handshake or front door."""
        known, conversation = self._known.get(seen.target), seen.conversation
        if known is None or conversation is None:
            return
        failure, outcome, ends = conversation.failure, conversation.outcome, conversation.endpoints
        if ends is not None and known.plan.claimed is None:
            self._origins.learn_own(ends.local_address)
        if failure is not None and failure.phase in _REPLY_TRIED:
            known.reply_tried = seen.started
        if outcome is None or ends is None:
            return
        expected = self._expectation(known.plan, ends.local_address)
        if outcome.proof_reply:
            known.reply_tried, known.reply_at = seen.started, seen.finished
            known.reply = self._reply(known, outcome.believed_address, expected, seen.at)
        if EvidenceKind.LOG in known.plan.evidence:
            ended = LogRound(
                target=seen.target,
                started=seen.started,
                finished=seen.finished,
                at=seen.at,
                expected=expected,
                unique=known.plan.claimed is not None,
                listeners=_ports(known.service),
                port=ends.local_port,
                noops=outcome.noops,
                recipient=outcome.recipient,
            )
            self._log.add(ended, self._origins.probes)
        self.settle(seen.finished)

    def record_log(self, batch: MaillogBatch, lines: Iterable[NamedLine]) -> None:
        """Record the named lines of a batch; an empty one says that there were none."""
        if batch.lag is not None:
            self._log.lag = batch.lag
        self._log.feed(lines, batch.finished, self._origins.probes)
        for record, listener, origin in lines:
            if origin is _PROBE and listener is not None and not record.repeats:
                target = self._claims.get(record.address)
                if target is not None:
                    self._known[target].listener, self._known[target].listener_at = listener, batch.finished
        self.settle(batch.finished)

    def settle(self, now: float) -> None:
        """Draw the conclusions that are due."""
        for finding in self._log.settle(now):
            self._conclude(finding, now)

    def proofs(self, target: Target, now: float) -> tuple[Proof, ...]:
        """Give what each kind of evidence that is sought says of a target."""
        known = self._known.get(target)
        if known is None:
            return ()
        found = []
        if EvidenceKind.REPLY in known.plan.evidence and known.service.protocol in _SMTPD_ALONE:
            valid = REPLIES_PROVE_FOR * known.plan.reply_interval
            found.append(_fresh(EvidenceKind.REPLY, known.reply, now - known.reply_at, valid))
        if EvidenceKind.LOG in known.plan.evidence:
            found.append(_fresh(EvidenceKind.LOG, known.log, now - known.log_at, known.log_proves_for))
        return tuple(found)

    def listener(self, target: Target, now: float) -> int | None:
        """Give the port of the listener whose log shows the target's connections, where a line lately told."""
        known = self._known.get(target)
        if known is None or now - known.listener_at > known.log_proves_for:
            return None
        return known.listener

    def _reply_due(self, known: _Known, now: float) -> bool:
        if EvidenceKind.REPLY not in known.plan.evidence:
            return False
        if known.reply_tried is None or now - known.reply_tried >= known.plan.reply_interval - SLACK:
            return True
        # A reply is certain at once: ask for it while anything speaks against us, to be sure of the loss or of its end.
        return known.suspected is not None or _disproven(known.reply) or _disproven(known.log)

    def _expectation(self, plan: ProofPlan, local_address: str) -> Expectation:
        if plan.claimed is not None:
            return Expectation(frozenset((plan.claimed,)))
        return Expectation(frozenset((plan.source_address or local_address,)), plan.seen_as, through_nat=True)

    def _reply(self, known: _Known, seen: str | None, expected: Expectation, at: float) -> Proof:
        if seen is None:
            proof = Proof(EvidenceKind.REPLY, ProofResult.UNPROVEN, Unproven.NOT_REVEALED, expected.words, at=at)
        else:
            proof = self._origins.judge(EvidenceKind.REPLY, seen, expected, at)
        return _remembering(proof, known.reply)

    def _conclude(self, finding: LogFinding, now: float) -> None:
        known = self._known.get(finding.round.target)
        if known is None or _decided_since(known.log, finding.round.at):
            return
        aged = now - known.log_at > known.log_proves_for
        certain = known.log if _disproven(known.log) and not aged else None
        proof = self._told_by(finding)
        doubtful = _disproven(proof) and not finding.certain
        before, known.suspected = known.suspected, proof if doubtful else None
        if doubtful and not (_alike(before, proof) or _alike(certain, proof)):
            proof = replace(proof, result=ProofResult.UNPROVEN, why=Unproven.UNCONFIRMED)
        if certain is not None and proof.result is ProofResult.UNPROVEN:
            return  # a loss that was certain ends by proof or by age, not by a line that stayed away
        known.log, known.log_at = _remembering(proof, known.log), now

    def _told_by(self, finding: LogFinding) -> Proof:
        ended = finding.round
        if finding.address:
            return self._origins.judge(EvidenceKind.LOG, finding.address, ended.expected, ended.at)
        why = Unproven.AMBIGUOUS if finding.ambiguous else Unproven.NO_LINE
        return Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, why, ended.expected.words, at=ended.at)


def lost(proofs: Iterable[Proof]) -> bool:
    """Tell whether the newest evidence says that the server takes us for somebody else.

    A line of the log is waited for: what it says of an earlier round is no answer to the reply of a later one.
    """
    decided = [proof for proof in proofs if proof.result is not ProofResult.UNPROVEN]
    newest = max((proof.at or 0.0 for proof in decided), default=0.0)
    return any(_disproven(proof) for proof in decided if (proof.at or 0.0) == newest)


def nonce(target: Target, now: float) -> str:
    """Make a word that no other round has, of letters and digits."""
    return hashlib.blake2s(f"{'/'.join(target)} {now!r}".encode(), digest_size=6).hexdigest()


def _planned(known: _Known | None, plan: TargetPlan, proof: ProofPlan, service: Service, place: int) -> _Known:
    if known is None or (known.plan.claimed, known.service) != (proof.claimed, service):
        known = _Known(proof, service, place)
    known.plan, known.place = proof, place
    # A round may wait for its line while the last one's grows old.
    known.log_proves_for = plan.measure.stale_after + LINE_WAIT
    return known


def _fresh(evidence: EvidenceKind, proof: Proof | None, age: float, valid: float) -> Proof:
    if proof is None:
        return Proof(evidence, ProofResult.UNPROVEN, Unproven.NOT_TRIED)
    return replace(proof, result=ProofResult.UNPROVEN, why=Unproven.STALE, seen_as=None) if age > valid else proof


def _remembering(proof: Proof, before: Proof | None) -> Proof:
    """Keep the time of the last success."""
    return replace(proof, proven_at=before.proven_at) if proof.proven_at is None and before is not None else proof


def _disproven(proof: Proof | None) -> bool:
    return proof is not None and proof.result is ProofResult.DISPROVEN


def _decided_since(proof: Proof | None, at: float) -> bool:
    """Tell whether a later round's line has come already: one that is waited for in vain is known late."""
    return proof is not None and proof.result is not ProofResult.UNPROVEN and (proof.at or 0.0) > at


def _alike(before: Proof | None, proof: Proof) -> bool:
    """Tell whether two rounds show the same wrong address, or both one that no client has."""
    if before is None:
        return False
    return before.seen == proof.seen or {before.seen_as, proof.seen_as} <= _NEVER_A_CLIENT


def _ports(service: Service) -> frozenset[int]:
    ports = (service.listener_port, service.check_listener_port)
    return frozenset(port for port in ports if port is not None)
