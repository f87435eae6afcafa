"""One handshake, told in full: for ``/probe`` (metrics or transcript) and for the command line."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from monitor.core.observations import Observation
from monitor.core.proof import EvidenceKind
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict


def printable(text: str) -> str:
    """Escape what is not printable, so that a peer's words can neither move a cursor nor begin a line of their own."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def transcript_text(observation: Observation, status: TargetStatus | None = None) -> str:
    """Give a round as text: what was asked, what it means, the phases, and every line of the wire with its time.

    ``status`` is what is concluded from this round alone, where somebody has: the client IP is a part of it.
    """
    return "\n".join(_lines(observation, status)) + "\n"


def _lines(observation: Observation, status: TargetStatus | None) -> Iterator[str]:
    target = observation.target
    judgement = observation.judgement
    yield f"{target.probe} of {target.service} on {target.node} (path {target.path})"
    # Of a failure this round alone tells less than all rounds together: whether the whole listener is down, say.
    verdict = status.verdict if status is not None and judgement.failure is None else judgement.verdict
    yield f"verdict: {verdict}"
    if status is not None:
        yield f"client IP: {_client_ip(status)}"
    if judgement.failure is not None:
        failure = judgement.failure
        yield f"failed at {failure.phase}: {failure.reason}" + (
            f" ({printable(failure.detail)})" if failure.detail else ""
        )
    if observation.tls is not None:
        yield f"tls: {printable(observation.tls.version)} {printable(observation.tls.cipher)}"
    yield ""
    yield from (f"{phase:<14} {seconds:9.4f} s" for phase, seconds in observation.durations.items())
    yield f"{'total':<14} {observation.finished - observation.started:9.4f} s"
    if observation.conversation is not None:
        yield ""
        for line in observation.conversation.transcript:
            yield f"{line.at:9.4f} {line.direction} {printable(line.text)}"


def _client_ip(status: TargetStatus) -> str:
    for proof in status.proofs:
        if proof.evidence is EvidenceKind.REPLY:
            return printable(proof.words)
    return "this service does not say whom it sees; the mail log does (`mailpath check`, the daemon)"


class ProbeMetrics:
    """One round as metrics, under the names that blackbox_exporter gave to such answers (a Collector)."""

    def __init__(self, observation: Observation) -> None:
        """Take the round."""
        self._observation = observation

    def collect(self) -> Iterator[Metric]:
        """Give the families."""
        seen = self._observation
        yield GaugeMetricFamily("probe_success", "Whether the handshake came to its clean end.", float(seen.ok))
        total = seen.finished - seen.started
        yield GaugeMetricFamily("probe_duration_seconds", "How long the whole handshake took.", total)
        phases = GaugeMetricFamily("probe_phase_duration_seconds", "Time spent in each phase.", labels=("phase",))
        for phase, seconds in seen.durations.items():
            phases.add_metric((phase,), seconds)
        yield phases
        verdicts = GaugeMetricFamily(
            "probe_verdict", "State set: the verdict of this round alone.", labels=("verdict",)
        )
        for verdict in Verdict:
            verdicts.add_metric((verdict,), float(verdict is seen.judgement.verdict))
        yield verdicts
        failure = seen.judgement.failure
        if failure is not None:
            reason = GaugeMetricFamily(
                "probe_failure",
                "Where and why the handshake failed; absent when it did not.",
                labels=("phase", "reason"),
            )
            reason.add_metric((failure.phase, failure.reason), 1.0)
            yield reason
        if seen.tls is not None and seen.tls.not_after is not None:
            yield GaugeMetricFamily(
                "probe_ssl_earliest_cert_expiry", "The end of the certificate's validity.", seen.tls.not_after
            )
