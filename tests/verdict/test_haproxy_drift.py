"""haproxy.cfg against what is declared: one finding for each difference that matters."""

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.edge import HaproxyConfiguration
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.model import Node
from monitor.core.status import Finding
from monitor.verdict.haproxy_drift import Declared, drift, unapplied
from monitor.wire.haproxy_cfg import parse_configuration
from tests.verdict.build import SERVICES

SOUND = (
    (Path(__file__).parents[1] / "wire" / "data" / "edge" / "haproxy.pfsense.cfg")
    .read_text()
    .replace("timeout server		30000", "timeout server		31m")
    .replace("timeout client		30000", "timeout client		31m")
)
NODES = tuple(Node(f"k8s-node{number}", f"10.0.20.10{number}") for number in (1, 2, 3, 4))
DECLARED = Declared("pfsense", "10.0.20.1", SERVICES, NODES)
NODE3 = (
    "	server			k8s-node3 10.0.20.103:30125 id 103 check inter 5000  weight 10 port 30145 send-proxy-v2 \n"
)


def compare(old: str = "", new: str = "", declared: Declared = DECLARED) -> list[Finding]:
    """Change a sound configuration, and compare it."""
    assert old in SOUND
    return list(drift(declared, parse_configuration(SOUND.replace(old, new) if old else SOUND)))


def test_sound() -> None:
    """What is as declared gives no finding; backends that no service names are nobody's business."""
    assert compare() == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "kind", "words"),
    [
        ("30125 id 103 check inter 5000  weight 10 port 30145 send-proxy-v2", "30125 id 103 check port 30145",
         "critical", "send_proxy", "k8s-node3: `send-proxy-v2` is missing"),
        ("send-proxy-v2 \n\nbackend mailserver_nodes_smtps", "send-proxy \n\nbackend mailserver_nodes_smtps",
         "critical", "send_proxy", "k8s-node4"),
        (NODE3, "", "info", "pool_missing", "no server for k8s-node3"),
        ("k8s-node3 10.0.20.103:30125", "k8s-node3 10.0.20.113:30125",
         "warning", "pool_stranger", "k8s-node3 (10.0.20.113)"),
        ("10.0.20.103:30125", "10.0.20.103:30126",
         "critical", "pool_port", "NodePort 30125, and does not at k8s-node3 (port 30126)"),
        (NODE3, NODE3.replace("check", "disabled check"), "info", "pool_disabled", "k8s-node3"),
        (NODE3, NODE3.replace("check ", ""), "warning", "check", "k8s-node3: `check` is missing"),
        (NODE3, NODE3.replace("30145", "30146"),
         "warning", "check_port_wrong", "k8s-node3 (30146): the check port shall be 30145"),
        (NODE3, NODE3.replace("30145", "30145 check-send-proxy"), "warning", "check_send_proxy", "k8s-node3"),
        ("30128 id 133 check", "30128 id 133 check port 30128",
         "info", "check_port_wrong", "none of its own"),
        (NODE3, NODE3.replace("5000", "120000"), "warning", "inter", "k8s-node3"),
        ("default_backend mailserver_nodes_sub_ipvANY", "default_backend other", "critical", "frontend_backend",
         "mailserver_proxy_587 (port 587) leads to other, not to mailserver_nodes_sub_ipvANY"),
        ("backend mailserver_nodes_sub_ipvANY\n\tmode", "backend renamed\n\tmode", "critical", "backend",
         "no backend mailserver_nodes_sub (submission)"),
    ],
)  # fmt: skip
def test_differences(old: str, new: str, severity: str, kind: str, words: str) -> None:
    """Each difference is told by its kind, as grave as it is, with what was found."""
    found = [finding for finding in compare(old, new) if finding.kind == kind]
    assert [(finding.severity, finding.kind) for finding in found] == [(severity, kind)]
    assert words in found[0].message
    assert found[0].subject.startswith("pfsense/")


def test_pool_without_nodes() -> None:
    """A missing node is grave where only one server, or none, is left."""
    few = Declared("pfsense", "10.0.20.1", SERVICES[:1], (*NODES[:1], Node("new1", "10.0.20.111")))
    none = Declared("pfsense", "10.0.20.1", SERVICES[:1], (Node("new1", "10.0.20.111"),))
    for declared, severity in ((few, "warning"), (none, "critical")):
        found = drift(declared, parse_configuration(SOUND))
        assert [f.severity for f in found if f.kind == "pool_missing"] == [severity]


def test_timeouts() -> None:
    """What pfSense writes where nothing is set cuts IDLE and slow senders off; each service has its own need."""
    found = {f.subject: f for f in compare("31m", "30000")}
    assert {f.kind for f in found.values()} == {"timeout"}
    assert len(found) == 4
    imaps = found["pfsense/mailserver_nodes_imaps_ipvANY"].message
    assert "`timeout server` of mailserver_nodes_imaps_ipvANY is 30 s" in imaps
    assert "`timeout client` of mailserver_proxy_993 is 30 s" in imaps
    assert "they need 30 min" in imaps
    assert [f.subject for f in compare("31m", "10m")] == ["pfsense/mailserver_nodes_imaps_ipvANY"]


def test_tunnel_timeout() -> None:
    """``timeout tunnel`` supersedes both others, for better and for worse."""
    long = SOUND.replace("31m", "30000").replace("retries", "timeout tunnel 1h\n\tretries")
    short = SOUND.replace("retries", "timeout tunnel 30s\n\tretries")
    assert drift(DECLARED, parse_configuration(long)) == ()
    found = drift(DECLARED, parse_configuration(short))
    assert {f.kind for f in found} == {"timeout"}
    assert found[0].message.count("`timeout tunnel`") == 2


def test_other_addresses_and_rules() -> None:
    """A frontend of another address, or one whose rules choose the backend, is not judged by its default."""
    other = SOUND.replace("default_backend mailserver_nodes_sub_ipvANY", "default_backend other")
    elsewhere = other.replace("bind			10.0.20.1:587", "bind			10.0.20.9:587")
    chosen = other.replace("default_backend other", "use_backend x if y\n\tdefault_backend other")
    assert drift(DECLARED, parse_configuration(elsewhere)) == ()
    assert drift(DECLARED, parse_configuration(chosen)) == ()


def running(configuration: HaproxyConfiguration) -> list[HaproxyServer]:
    """Make HAProxy run this configuration."""
    return [
        HaproxyServer(
            backend.name, s.name, s.address, ServerState.RUNNING, AdminState(0), 10, 60, 6, 3, 4, 6, s.port,
            s.check_port or 0,
        )
        for backend in configuration.backends
        for s in backend.servers
    ]  # fmt: skip


def test_unapplied() -> None:
    """A file that was changed and not loaded is told by the servers that differ."""
    before = parse_configuration(SOUND)
    after = parse_configuration(SOUND.replace(NODE3, "").replace("10.0.20.102:30127", "10.0.20.112:30127"))
    assert unapplied(DECLARED, before, running(before)) == ()
    found = unapplied(DECLARED, after, running(before))
    assert [(f.subject, f.kind) for f in found] == [
        ("pfsense/mailserver_nodes_smtp_ipvANY", "unapplied"),
        ("pfsense/mailserver_nodes_sub_ipvANY", "unapplied"),
    ]
    assert "differs from haproxy.cfg in k8s-node3:" in found[0].message


def test_unapplied_of_an_old_haproxy() -> None:
    """Where HAProxy does not tell its check ports, they are not compared."""
    configuration = parse_configuration(SOUND)
    old = [replace(server, check_port=None) for server in running(configuration)]
    assert unapplied(DECLARED, configuration, old) == ()
