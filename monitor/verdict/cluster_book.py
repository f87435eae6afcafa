"""What is remembered of the mail server cluster and how old it is; at which address each of its nodes is probed."""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

from monitor.core.conversation import Failure
from monitor.core.kube import KubeNode
from monitor.core.model import Node
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


def spoken_to(
    nodes: Iterable[KubeNode], before: Mapping[str, str], served: Collection[str], families: Collection[int]
) -> tuple[Node, ...]:
    """The nodes that have an InternalIP, each with one of them.

    First the one that HAProxy has a server at (``served``); else the one that was spoken to ``before``, by the node's
    name, so that a HAProxy that falls silent moves nobody; else the first of a family of the edges' own addresses
    (``families``, 4 or 6); else the first. A dual-stack cluster may name its IPv6 addresses first.
    """
    return tuple(
        Node(node.name, _address(node, before.get(node.name), served, families)) for node in nodes if node.addresses
    )


def _address(node: KubeNode, before: str | None, served: Collection[str], families: Collection[int]) -> str:
    ranked = sorted(node.addresses, key=lambda address: ip_address(address).version not in families)
    by_haproxy = (address for address in ranked if address in served)
    return next(by_haproxy, before if before in node.addresses else ranked[0])
