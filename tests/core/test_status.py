"""A path's status: what may be judged by, and views over all targets."""

from dataclasses import replace

from monitor.core.kube import Cluster
from monitor.core.model import Target
from monitor.core.status import ClusterStatus
from tests.kinds import FRONT_DOOR, ProbeKind
from tests.publish.statuses import path_status, target_status


def test_a_stale_cluster_is_known_and_not_judged_by() -> None:
    """What the API showed long ago is shown with its age; a verdict needs a fresh one."""
    fresh = ClusterStatus(up=True, stale=False, age=1.0, at=1.0, reason="", known=Cluster())
    assert fresh.current == Cluster()
    assert replace(fresh, stale=True).current is None
    assert replace(fresh, known=None).current is None


def test_every_target_is_in_one_view_of_the_list() -> None:
    """The dialogues are the handshakes, the front doors and the targets of further kinds; an edge has its own doors."""
    path = path_status()
    other = target_status(Target("home", ProbeKind("greeting"), "k8s-node1", "smtp"))
    second = target_status(Target("home", FRONT_DOOR, "opnsense", "smtp"))
    path = replace(path, targets=(other, *path.targets, second))
    views = (path.checks, path.handshakes, path.front_doors, path.others)
    assert sorted(status.target for view in views for status in view) == sorted(each.target for each in path.targets)
    assert path.others == (other,)
    assert path.dialogues == (*path.handshakes, *path.front_doors, other)
    assert path.doors_at("opnsense") == (second,)
    assert path.doors_at("pfsense") == path.front_doors[:1]
