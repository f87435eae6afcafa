"""What must hold between keys: each on its own has a fixture in ``faults``; here is what may be."""

import pytest

from monitor.config.load import parse
from tests.config.documents import MINIMAL, with_block


@pytest.mark.parametrize(
    "block",
    [
        "checks: {interval: 1s, timeout: 1m}",
        "handshakes: {interval: 10s, fast_interval: 10s, client_rate_limit: null}",
        "edges: [{name: a, ssh: b}, {name: b, address: '2001:db8::1', ssh: {}}]",
        "services: {smtp: {check_node_port: 30146}}",
        "services: {smtp: {node_port: 30126}, smtps: {node_port: 30125}}",
        "services: {pop3s: null}",
        "services: {smtp: {syslog_name: haproxy}, imaps: {syslog_name: dovecot-proxy}}",
        "healthz: {require: {services: []}}",
        "maillog: {stdin: {}}\nkubernetes: {}",
    ],
)
def test_what_may_be(block: str) -> None:
    """A timeout beyond its interval, an edge named before it stands, shared check ports and the like are no faults."""
    assert parse(with_block(block), "").paths


def test_discovered_nodes_may_be_any_number() -> None:
    """Where nodes are discovered, how many there are is not known when the file is read."""
    found = MINIMAL.replace(b"static: [{name: k8s-node1, address: 10.0.20.101}]", b"kubernetes: {}")
    data = found + b"    healthz: {require: {healthy_nodes: 9}}\n    handshakes: {client_network: 192.0.2.0/32}\n"
    assert parse(data, "").paths[0].healthz.require.healthy_nodes == 9
