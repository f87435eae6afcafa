"""Drift: what is declared against what the API and HAProxy show, with both values, and acknowledged by subject."""

from dataclasses import replace

import pytest

from monitor.core.kube import Cluster, EndpointSlice, KubeNode, KubeService, ServicePort
from monitor.core.model import Node
from monitor.core.status import Drift
from monitor.wire.mail_config import declared_listeners
from tests.verdict.build import IMAPS, NODES, SERVICES, SMTP, haproxy, server
from tests.verdict.kube_build import NAME, PORTS, SOUND, book, proxy_service

SCRIPT = "\n".join(
    f"{port} inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy" for port in (2525, 4465, 5587)
)


def drifts(cluster: Cluster = SOUND, **changes: object) -> list[Drift]:
    """Give every drift of the path."""
    found = book(cluster, **changes).status(1.0, 1_000_001.0).findings
    return [each for each in found if isinstance(each, Drift)]


def keys(found: list[Drift]) -> list[tuple[str, str, str]]:
    """Give severity, subject and kind of each."""
    return [(each.severity, each.subject, each.kind) for each in found]


def with_service(service: KubeService | None) -> Cluster:
    """Give the sound cluster with another NodePort Service."""
    internal = KubeService("mailserver", "ClusterIP")
    return replace(SOUND, services=(internal,) if service is None else (service, internal))


def with_port(name: str, **changes: int | str) -> Cluster:
    """Give the sound cluster with one port of the Service changed."""
    service = proxy_service()
    ports = tuple(replace(each, **changes) if each.name == name else each for each in service.ports)  # type: ignore[arg-type]
    return with_service(replace(service, ports=ports))


def test_the_runbook_has_no_drift() -> None:
    """What is declared is there."""
    assert drifts() == []


def test_a_static_node_that_the_api_does_not_know() -> None:
    """Fixed and found nodes are compared by name, both values are told."""
    static = (*NODES, Node("k8s-node5", "10.0.20.105"))
    found = drifts(static=static)
    assert keys(found) == [("warning", "node/k8s-node5", "static_only")]
    assert (found[0].declared, found[0].observed) == ("10.0.20.105", "no such Node")
    assert found[0].message == "node/k8s-node5: declared is 10.0.20.105; observed no such Node."


def test_a_static_node_with_another_address() -> None:
    """Any of a Node's InternalIPs will do; another address is drift."""
    nodes = (KubeNode("k8s-node1", ("2001:db8::1", "10.0.20.101"), ready=True), KubeNode("k8s-node2", (), ready=True))
    found = drifts(replace(SOUND, nodes=nodes), static=NODES)
    assert [each for each in keys(found) if each[1].startswith("node/")] == [("warning", "node/k8s-node2", "address")]


def test_a_node_that_nobody_declared_is_information() -> None:
    """A new node is probed; that the file does not name it is told."""
    assert keys(drifts(static=NODES[:1])) == [("info", "node/k8s-node2", "discovered_only")]


def test_without_discovery_nodes_are_not_compared() -> None:
    """Nobody looked for nodes."""
    assert drifts(replace(SOUND, nodes=None), static=(Node("x", "10.0.20.9"),), discovers=False) == []


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([server(SMTP, NODES[0])], [("warning", "pool_missing")]),
        ([server(SMTP, Node("k8s-node2", "10.0.20.112")), server(SMTP, NODES[0])], [("warning", "pool_address")]),
        ([*(server(SMTP, n) for n in NODES), server(SMTP, Node("old", "10.0.20.9"))], [("warning", "pool_stranger")]),
        ([server(SMTP, Node("other-name", node.address)) for node in NODES], []),
        ([server(SMTP, Node("old", "10.0.20.9"))], [("critical", "pool_missing"), ("warning", "pool_stranger")]),
    ],
)
def test_the_pool_against_the_nodes(servers: list, expected: list[tuple[str, str]]) -> None:  # type: ignore[type-arg]
    """Missing, stale and wrong addresses are told by the backend; names do not matter, addresses do."""
    made = book()
    made.record(haproxy(*servers, *(server(each, node) for each in SERVICES[1:] for node in NODES)))
    found = [each for each in made.status(1.0, 1_000_001.0).findings if isinstance(each, Drift)]
    assert keys(found) == [(grave, "pfsense/mailserver_nodes_smtp_ipvANY", kind) for grave, kind in expected]


def test_a_missing_node_is_information_while_two_servers_run() -> None:
    """With enough servers no client notices."""
    third = KubeNode("k8s-node3", ("10.0.20.103",), ready=True)
    found = drifts(replace(SOUND, nodes=(*(SOUND.nodes or ()), third)))
    assert {(each.severity, each.kind) for each in found} == {("info", "pool_missing")}
    assert found[0].declared == "k8s-node3 (10.0.20.103)"


def test_the_service_is_missing() -> None:
    """Without the Service there is nothing more to compare."""
    assert keys(drifts(with_service(None))) == [("critical", NAME, "service_missing")]


def test_the_service_has_another_type_or_policy() -> None:
    """Both facts of the Service itself are told, the policy where it means something."""
    assert keys(drifts(with_service(replace(proxy_service(), type="ClusterIP")))) == [("critical", NAME, "type")]
    local = replace(proxy_service(), external_traffic_policy="Local")
    assert keys(drifts(with_service(local))) == [("warning", NAME, "external_traffic_policy")]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("smtp", {"target": 25}, ("critical", f"{NAME}/smtp", "target_port")),
        ("smtp", {"node_port": 30225}, ("critical", f"{NAME}/smtp", "node_port")),
        ("smtp", {"port": 26}, ("info", f"{NAME}/smtp", "port")),
        ("smtp-check", {"target": 2525}, ("warning", f"{NAME}/smtp-check", "target_port")),
        ("smtp-check", {"port": 2501}, None),
        ("imaps", {"target": "imaps"}, None),
    ],
)
def test_the_seven_triples(name: str, changes: dict[str, int | str], expected: tuple[str, str, str] | None) -> None:
    """Port, target and NodePort of each; the number of a check's own port is nobody's declaration."""
    assert keys(drifts(with_port(name, **changes))) == ([expected] if expected else [])


def test_a_target_by_name_is_looked_up() -> None:
    """What a named target leads to stands in the EndpointSlices."""
    wrong = replace(with_port("imaps", target="imap"), slices=(EndpointSlice("s", NAME, PORTS | {"imaps": 993}, 1),))
    assert keys(drifts(wrong)) == [("critical", f"{NAME}/imaps", "target_port")]


def test_a_moved_node_port_is_told_with_where_it_is() -> None:
    """The observed value is the port that leads to the same target."""
    assert drifts(with_port("smtp", node_port=30225))[0].observed == "port 25 to 2525 at NodePort 30225"


def test_the_internal_service() -> None:
    """It is a ClusterIP without any load balancer."""
    balanced = KubeService("mailserver", "LoadBalancer", load_balancers=("10.0.20.202",))
    found = drifts(replace(SOUND, services=(proxy_service(), balanced)))
    assert keys(found) == [("warning", "mailserver", "type"), ("warning", "mailserver", "load_balancer")]
    assert found[1].observed == "10.0.20.202"
    assert keys(drifts(replace(SOUND, services=(proxy_service(),)))) == [("warning", "mailserver", "service_missing")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SCRIPT, []),
        (SCRIPT.replace("4465", "4466"), [("warning", "patches/smtps", "proxy_listener")]),
        (SCRIPT.replace("haproxy", "", 1), [("warning", "patches/smtp", "proxy_listener")]),
        (None, [("warning", "patches", "config_map_missing")]),
    ],
)
def test_the_script_adds_the_three_services(text: str | None, expected: list[tuple[str, str, str]]) -> None:
    """Each of Postfix's PROXY listeners is there and expects a header; Dovecot's is not its business."""
    cluster = replace(SOUND, config_maps={"patches": None if text is None else declared_listeners("x.sh", text)})
    assert keys(drifts(cluster, config_maps=(("patches", "user-patches.sh"),))) == expected


def test_dovecots_listener_is_opt_in() -> None:
    """Where dovecot.cf may be read, its PROXY listener is looked for."""
    assert IMAPS.listener_port == 10993
    text = "inet_listener imaps_proxy {\n port = 10993\n haproxy = yes\n}\n"
    config_maps = (("mailserver.config", "dovecot.cf"),)
    for written, expected in ((text, []), ("", ["mailserver.config/imaps"])):
        declared = declared_listeners("dovecot.cf", written)
        cluster = replace(SOUND, config_maps={"mailserver.config": declared})
        assert [each.subject for each in drifts(cluster, config_maps=config_maps)] == expected


def test_a_config_map_that_may_not_be_read_is_no_drift() -> None:
    """Nobody knows what is in it; that is told elsewhere."""
    assert drifts(config_maps=(("patches", "user-patches.sh"),)) == []


def test_drift_is_acknowledged_by_its_subject() -> None:
    """What is known and accepted is information, and says so."""
    cluster = with_port("smtp", target=25)
    found = drifts(cluster, ignored=frozenset({f"{NAME}/smtp"}))
    assert keys(found) == [("info", f"{NAME}/smtp", "target_port")]
    assert found[0].acknowledged


def test_nothing_known_is_no_drift() -> None:
    """Collections that were not read, or may not be, are not compared."""
    assert drifts(Cluster()) == []


def test_ports_without_names() -> None:
    """A Service of a single port needs no name for it."""
    service = KubeService(NAME, "NodePort", "Cluster", ports=(ServicePort("", 25, 2525, 30125),))
    assert f"{NAME}/smtp" not in {each.subject for each in drifts(with_service(service))}
