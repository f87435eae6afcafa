"""What has changed: said once, at once; mere latencies more rarely."""

from dataclasses import replace

from monitor.core.status import PathStatus, TargetStatus
from monitor.publish.deltas import Deltas, full
from tests.publish.statuses import AT, broken_status, path_status
from tests.views import showing


def slower(path: PathStatus, after: float) -> PathStatus:
    """Give the path as it is so much later, with another latency."""
    first: TargetStatus = path.handshakes[0]
    assert first.last is not None
    last = replace(first.last, finished=first.last.finished + after)
    return showing(path, at=AT + after, handshakes=(replace(first, last=last), *path.handshakes[1:]))


def test_the_first_is_the_whole() -> None:
    """Every key, as at the beginning of a stream; the same again is silence."""
    deltas = Deltas()
    (first,) = deltas.update([path_status()])
    assert first == full(path_status())
    assert first["changed"]["handshake/k8s-node1/smtp"]["verdict"] == "ok"
    assert list(deltas.update([path_status()])) == []


def test_a_changed_verdict_is_told_at_once() -> None:
    """Only the keys that changed are told, and a key that is gone is null."""
    deltas = Deltas()
    list(deltas.update([path_status()]))
    broken = replace(broken_status(), edges=())
    ((delta),) = deltas.update([broken])
    assert delta["path"] == "home"
    assert delta["changed"]["handshake/k8s-node1/smtp"]["verdict"] == "listener_down"
    assert delta["changed"]["hop"] == "listener"
    assert delta["changed"]["edge/pfsense"] is None
    assert "handshake/k8s-node1/imaps" not in delta["changed"]


def test_latencies_alone_wait_for_their_turn() -> None:
    """They are told once a second at most, and none is lost."""
    deltas = Deltas()
    list(deltas.update([path_status()]))
    assert list(deltas.update([slower(path_status(), 0.5)])) == []
    (later,) = deltas.update([slower(path_status(), 1.5)])
    assert later["changed"].keys() == {"handshake/k8s-node1/smtp"}
    assert later["changed"]["handshake/k8s-node1/smtp"]["duration"] == 1.75


def test_a_path_that_comes_back_is_told_as_a_whole() -> None:
    """What is watched no more is forgotten."""
    deltas = Deltas()
    list(deltas.update([path_status()]))
    deltas.keep_only([])
    assert list(deltas.update([path_status()])) == [full(path_status())]
