"""What is read on an edge: a bound port, a redirect, a server line, and the labels of a poll."""

import pytest

from monitor.core.conversation import Failure
from monitor.core.edge import (
    ConfiguredProxy,
    ConfiguredServer,
    EdgeObservation,
    Frontend,
    HaproxyConfiguration,
    Redirect,
    RedirectState,
)
from monitor.core.model import Target
from monitor.core.taxonomy import Phase, Reason
from tests import kinds

DENIED = Failure(Phase.COMMAND, Reason.PERMISSION_DENIED, "pfctl: /dev/pf: Permission denied")


def test_a_frontend_is_bound_where_haproxy_holds_the_port() -> None:
    """Another program on the port is no frontend."""
    assert Frontend(25, pids=(77,)).bound
    assert not Frontend(25).bound
    assert not Frontend(25, others=("nginx",)).bound


@pytest.mark.parametrize("state", list(RedirectState))
def test_a_redirect_is_ok_where_every_rule_leads_to_the_edge(state: RedirectState) -> None:
    """A rule that leads only some clients there is not enough; the filter's rules are another matter."""
    assert Redirect(25, state, passed=False).ok is (state is RedirectState.OK)


@pytest.mark.parametrize(
    ("keyword", "sends"),
    [
        ("", False),
        ("send-proxy", False),
        ("send-proxy-v2", True),
        ("send-proxy-v2-ssl", True),
        ("send-proxy-v2-ssl-cn", True),
    ],
)
def test_a_server_sends_a_version_2_header_by_each_of_its_keywords(keyword: str, *, sends: bool) -> None:
    """``send-proxy`` alone is version 1 (HAProxy's configuration manual, section 5.2)."""
    assert ConfiguredServer("k8s-node1", "10.0.20.101", 30125, keyword).sends_v2 is sends


def test_a_listen_section_is_frontend_and_backend_at_once() -> None:
    """HAProxy's configuration manual, section 4."""
    frontend, backend, listen = (ConfiguredProxy(kind, kind) for kind in ("frontend", "backend", "listen"))
    configuration = HaproxyConfiguration((frontend, backend, listen))
    assert configuration.frontends == (frontend, listen)
    assert configuration.backends == (backend, listen)


def test_a_poll_of_an_edge_is_labelled_by_the_edge_and_ok_without_failures() -> None:
    """The first failure is the one that is shown."""
    sound = EdgeObservation("home", "pfsense", 1.0, 2.0, 3.0, ssh_ok=True)
    assert sound.target == Target("home", kinds.EDGE, "pfsense", "")
    assert (sound.ok, sound.failure) == (True, None)
    other = Failure(Phase.PARSE, Reason.MALFORMED)
    blind = EdgeObservation("home", "pfsense", 1.0, 2.0, 3.0, ssh_ok=True, failures={"nat": DENIED, "rules": other})
    assert (blind.ok, blind.failure) == (False, DENIED)
