"""By what a path is judged: its edges, its rare probes, and what a replica that stands by leaves out."""

from pathlib import Path

from monitor.probes.plan import plan_of
from tests import kinds
from tests.probes.home import settings, watching


async def test_an_edge_without_socket_is_not_asked(tmp_path: Path) -> None:
    """HAProxy is asked only where it has a stats socket and SSH leads to it."""
    path = settings(tmp_path)
    with watching(path) as watches:
        plan = plan_of(path, watches)
    assert {edge.name: edge.asks_haproxy for edge in plan.edges} == {"pfsense": True, "bridge": False}


async def test_what_is_watched_is_judged(tmp_path: Path) -> None:
    """Targets with a verdict, what must be refused, and the IPv6 handshakes where they are watched."""
    path = settings(tmp_path)
    with watching(path) as watches:
        whole = plan_of(path, watches)
        checks = plan_of(path, [watch for watch in watches if watch.target.probe is kinds.CHECK], elected=False)
    assert (len(whole.targets), len(whole.negatives)) == (12 + 16 + 6, 1)
    assert whole.ipv6 is not None
    assert len(whole.ipv6.services) == 4
    assert (len(checks.targets), checks.negatives, checks.ipv6, checks.elected) == (12, (), None, False)
