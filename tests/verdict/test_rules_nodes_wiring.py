"""Which listener a NodePort leads to: a neighbour's is a finding, the service's own two are not."""

from dataclasses import replace

import pytest

from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.rules_nodes import findings, miswired
from tests.verdict.build import SERVICES, SMTP, handshake


def at(listener: int | None) -> TargetStatus:
    """Give a sound handshake for port 25 that the log of this listener shows."""
    status = TargetStatus(
        target=handshake(SMTP),
        address="10.0.20.101",
        port=30125,
        up=True,
        stale=False,
        verdict=Verdict.OK,
        since=None,
        last_success=None,
        age=None,
        last=None,
    )
    return replace(status, listener=listener)


@pytest.mark.parametrize("listener", [None, 2525, 25])
def test_the_own_listeners_are_right(listener: int | None) -> None:
    """The PROXY listener, the stock one, and none that is known: nothing to tell."""
    assert miswired(SERVICES, [at(listener)]) == ()
    assert findings(SERVICES, [at(listener)]) == ()


def test_another_services_listener_is_a_finding() -> None:
    """The finding names the node, the NodePort and the listener, and what to look at."""
    (finding,) = findings(SERVICES, [at(2525), at(5587)])
    assert (finding.kind, finding.severity, finding.subject) == ("wrong_listener", "critical", "k8s-node1:30125")
    assert "leads to listener 5587" in finding.message
    assert "mailserver-proxy" in str(finding.remedy)
