"""Where HAProxy's checks go, by its own state."""

from dataclasses import replace

import pytest

from monitor.core.edge import CheckConnection, ConfiguredProxy, ConfiguredServer, EdgeObservation, HaproxyConfiguration
from monitor.core.haproxy import HaproxyServer
from monitor.core.model import Service
from monitor.core.status import EdgeStatus
from monitor.verdict.check_ports import findings, local_checks
from tests.verdict.build import IMAPS, NODES, SERVICES, SMTP, SMTPS, SUBMISSION, server


def edge(*servers: HaproxyServer) -> EdgeStatus:
    """Describe an edge with these servers."""
    return EdgeStatus("pfsense", "10.0.20.1", ssh_up=True, haproxy_up=True, scrape_seconds=0.1, age=1.0, reason="",
                      servers=servers, stats=(), info=None)  # fmt: skip


def bare(service: Service, node: int = 0, backend: str | None = None) -> HaproxyServer:
    """Describe a server that is checked at its data port."""
    shown = replace(server(service, NODES[node]), check_port=0)
    return shown if backend is None else replace(shown, backend=backend)


@pytest.mark.parametrize(
    ("service", "severity"), [(SMTP, "warning"), (SMTPS, "critical"), (SUBMISSION, "critical"), (IMAPS, "info")]
)
def test_as_grave_as_its_listener_suffers(service: Service, severity: str) -> None:
    """Smtpd dies of them, postscreen complains, Dovecot bears it; one finding a backend, whatever its servers."""
    (found,) = findings(local_checks([edge(bare(service), bare(service, 1))], SERVICES))
    assert (found.severity, found.kind) == (severity, "check_port")
    assert found.subject == f"pfsense/{service.backend}_ipvANY"
    assert "2 servers" in found.message


def test_what_a_server_leads_to_counts_and_not_its_backends_name() -> None:
    """A forgotten test pool on a data port is found by the port."""
    (found,) = local_checks([edge(bare(SMTP, backend="mailserver_nodes_ipvANY"))], SERVICES)
    assert (found.backend, found.service) == ("mailserver_nodes_ipvANY", SMTP)


@pytest.mark.parametrize(
    "harmless",
    [
        server(SMTPS, NODES[0]),
        replace(bare(SMTPS), check_port=None),
        replace(bare(SMTPS), check_address="10.0.20.9"),
        replace(bare(SMTPS), check_state=2),
        replace(bare(SMTPS), port=8080),
        replace(bare(SMTPS), port=None),
    ],
)
def test_what_is_checked_elsewhere_or_not_at_all_is_no_finding(harmless: HaproxyServer) -> None:
    """A check port or address of its own, checks switched off, another port, an older HAProxy that does not tell."""
    assert local_checks([edge(harmless)], SERVICES) == ()


def written(edge: EdgeStatus, *checks: CheckConnection, check_port: int | None = None) -> EdgeStatus:
    """Add haproxy.cfg to an edge: its servers with these checks."""
    servers = tuple(
        ConfiguredServer(each.name, each.address, each.port, check=True, check_port=check_port, checks=checks)
        for each in edge.servers
    )
    backend = ConfiguredProxy("backend", edge.servers[0].backend, servers=servers)
    host = EdgeObservation("home", edge.name, 0.0, 1.0, 1.0, ssh_ok=True,
                           configuration=HaproxyConfiguration(proxies=(backend,)))  # fmt: skip
    return replace(edge, host=host, looked_at=True)


def test_a_rule_of_the_file_says_where_checks_go() -> None:
    """HAProxy's state shows no port of ``tcp-check connect``; the file does."""
    elsewhere = written(edge(bare(SMTPS)), CheckConnection(30146))
    assert local_checks([elsewhere], SERVICES) == ()
    (found,) = local_checks([written(edge(bare(SMTPS)), CheckConnection(header=True))], SERVICES)
    assert found.service == SMTPS


def test_a_file_that_is_not_loaded_says_nothing_of_what_runs() -> None:
    """The check port that runs decides, whichever of the two is without one: the other difference is drift."""
    lost_in_the_file = written(edge(server(SMTPS, NODES[0])), CheckConnection(header=True))
    assert local_checks([lost_in_the_file], SERVICES) == ()
    mended_in_the_file = written(edge(bare(SMTPS)), CheckConnection(30146), check_port=30146)
    (found,) = local_checks([mended_in_the_file], SERVICES)
    assert found.service == SMTPS
