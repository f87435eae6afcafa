"""What can differ on the edge's host, and the finding that names it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.lab.haproxy import CONFIGURATION, FRONTENDS, POOLS, Pool, Settings, configuration
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES
from tests.lab.pf import OLD_ALIAS

USUAL = Settings(legacy_pool=False, bind=EDGE, check_interval=1000)
SUBMISSION = "pfsense/mailserver_nodes_sub_ipvANY"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that differs: how it is done, the finding that names it, and the hop where that is certain at once."""

    name: str
    do: Callable[[Lab], None]
    finding: tuple[str, str, str]
    """Severity, subject and kind."""
    hop: str = ""
    metric: tuple[str, dict[str, str], float] | None = None

    def __str__(self) -> str:
        """Give the name, as a test's."""
        return self.name


def written(lab: Lab, **changes: Any) -> None:  # noqa: ANN401 - fields of Settings
    """Write another configuration, and do not load it: what the file says is judged, and clients are spared."""
    lab.edge.write(CONFIGURATION, configuration(replace(USUAL, **changes)))


def drifting(subject: str, kind: str) -> tuple[str, dict[str, str], float]:
    """Give the sample that shows a drift."""
    return "config_drift", {"subject": subject, "kind": kind}, 1.0


TROUBLES = (
    Trouble(
        "a port is not bound",
        lambda lab: lab.haproxy.configure(frontends={p: pool for p, pool in FRONTENDS.items() if p != 465}),
        ("critical", "pfsense:465", "frontend_unbound"),
        "frontend",
        ("frontend_listening", {"port": "465"}, 0.0),
    ),
    Trouble(
        "a redirect to the old alias",
        lambda lab: lab.pf.redirect(587, OLD_ALIAS),
        ("critical", "pfsense:587", "nat_redirect"),
        "nat",
        ("nat_redirect_ok", {"port": "587"}, 0.0),
    ),
    Trouble(
        "a redirect to the old address",
        lambda lab: lab.pf.redirect(993, "10.0.20.202"),
        ("critical", "pfsense:993", "nat_redirect"),
        "nat",
        ("nat_redirect_ok", {"port": "993"}, 0.0),
    ),
    Trouble(
        "no redirect",
        lambda lab: lab.pf.redirect(25, ""),
        ("critical", "pfsense:25", "nat_redirect"),
        "nat",
        ("nat_redirect_ok", {"port": "25"}, 0.0),
    ),
    Trouble(
        "no pass rule",
        lambda lab: lab.pf.drop_pass_rule(993),
        ("warning", "pfsense:993", "nat_blocked"),
        metric=("nat_redirect_ok", {"port": "993"}, 1.0),
    ),
    Trouble(
        "a server line without send-proxy-v2",
        lambda lab: lab.haproxy.configure(send_proxy=False),
        ("critical", SUBMISSION, "send_proxy"),
        metric=drifting(SUBMISSION, "send_proxy"),
    ),
    Trouble(
        "a wrong check port",
        lambda lab: written(lab, pools=POOLS | {"mailserver_nodes_sub": Pool(30127, 30146)}),
        ("warning", SUBMISSION, "check_port_wrong"),
        metric=drifting(SUBMISSION, "check_port_wrong"),
    ),
    Trouble(
        "a node is missing",
        lambda lab: written(lab, nodes={"k8s-node1": NODES["k8s-node1"]}),
        ("warning", SUBMISSION, "pool_missing"),
        metric=drifting(SUBMISSION, "pool_missing"),
    ),
    Trouble(
        "a stranger",
        lambda lab: written(lab, nodes=NODES | {"k8s-node9": "10.0.20.109"}),
        ("warning", SUBMISSION, "pool_stranger"),
        metric=drifting(SUBMISSION, "pool_stranger"),
    ),
    Trouble(
        "timeouts that cut clients off",
        lambda lab: written(lab, timeout=30_000),
        ("warning", "pfsense/mailserver_nodes_imaps_ipvANY", "timeout"),
        metric=drifting("pfsense/mailserver_nodes_imaps_ipvANY", "timeout"),
    ),
    Trouble(
        "a file that was written and not loaded",
        lambda lab: written(lab, pools=POOLS | {"mailserver_nodes_sub": Pool(30127)}),
        ("warning", SUBMISSION, "unapplied"),
        metric=drifting(SUBMISSION, "unapplied"),
    ),
)
