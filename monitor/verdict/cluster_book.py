"""What is remembered of a mail server's cluster, and how old it is."""

from monitor.core.conversation import Failure
from monitor.core.observations import KubernetesObservation
from monitor.core.status import ClusterStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.plan import ClusterPlan, stale_after


class ClusterBook:
    """Takes rounds in, tells what is known."""

    def __init__(self, plan: ClusterPlan | None) -> None:
        """Begin knowing nothing."""
        self._last: KubernetesObservation | None = None
        self._confirmed: float | None = None
        self._success: float | None = None
        self._plan = plan
        # why the API did not answer, or shows no nodes; also where it is asked for the nodes alone
        self.blind: Failure | None = None

    def replan(self, plan: ClusterPlan | None) -> None:
        """Take over a new plan; what was learned in another place is forgotten."""
        if plan is None or self._plan is None or plan.place != self._plan.place:
            self._last = self._confirmed = self._success = self.blind = None
        self._plan = plan

    def record(self, observation: KubernetesObservation) -> None:
        """Take in a round."""
        self.blind = observation.failure or observation.gaps.get("nodes")
        if self._plan is None:
            return
        self._last = observation
        if not observation.ok:
            return
        self._confirmed = observation.finished
        # Jobs are swept away minutes after their end, and older servers tell of a success nowhere else.
        runs = observation.cluster.runs(self._plan.cronjob)
        times = [job.finished for job in runs if job.succeeded and job.finished is not None]
        times += [each.last_success for each in observation.cluster.cronjobs or () if each.last_success is not None]
        self._success = max((*times, *(() if self._success is None else (self._success,))), default=None)

    def status(self, now: float) -> ClusterStatus | None:
        """Give what is known at ``now`` (event loop's clock); ``None``: there is no cluster to look at."""
        if self._plan is None:
            return None
        last = self._last
        if last is None:
            return ClusterStatus(up=None, stale=True, age=None, at=None, reason="not asked yet")
        limit = stale_after(self._plan.interval, self._plan.timeout)
        age = None if self._confirmed is None else now - self._confirmed
        silent = now - last.finished > limit
        failure = last.failure
        reason = "no round has ended for too long" if silent else ""
        return ClusterStatus(
            up=not silent and failure is None,
            stale=age is None or age > limit,
            age=age,
            at=last.at,
            reason=f"{failure.reason}: {failure.detail}" if failure is not None else reason,
            cause=failure.reason if failure is not None else Reason.STALE if silent else None,
            known=last.cluster if self._confirmed is not None else None,
            gaps=last.gaps,
            last_success=self._success,
        )
