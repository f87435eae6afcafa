"""A path's status: what may be judged by, and views over all targets."""

from dataclasses import replace

from monitor.core.kube import Cluster
from monitor.core.status import ClusterStatus
from tests.publish.statuses import edge, path_status


def test_a_stale_cluster_is_known_and_not_judged_by() -> None:
    """What the API showed long ago is shown with its age; a verdict needs a fresh one."""
    fresh = ClusterStatus(up=True, stale=False, age=1.0, at=1.0, reason="", known=Cluster())
    assert fresh.current == Cluster()
    assert replace(fresh, stale=True).current is None
    assert replace(fresh, known=None).current is None


def test_the_front_doors_are_those_of_every_edge() -> None:
    """In the order of the edges; the dialogues are the handshakes and then these."""
    first, second = edge(), replace(edge(), name="opnsense")
    path = replace(path_status(), edges=(first, second))
    assert path.front_doors == (*first.front_doors, *second.front_doors)
    assert path.dialogues == (*path.handshakes, *path.front_doors)
    assert not {status.target for status in path.checks} & {status.target for status in path.dialogues}
