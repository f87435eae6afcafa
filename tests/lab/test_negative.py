"""What must be refused, tried on the real servers: by them as they are, and by each as it must not be."""

import asyncio
from dataclasses import replace
from pathlib import Path

from monitor.core.model import MailProtocol, Node, Target
from monitor.core.observations import NegativeObservation, Span
from monitor.core.proof import Ask
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.header_on_check import HeaderOnCheck
from monitor.probes.negative_probe import NegativeProbe, NegativeSettings
from monitor.probes.no_header import NoHeader
from monitor.probes.relay_canary import RelayCanary
from monitor.wire.maillog import MaillogParser
from tests import kinds
from tests.lab.certificates import SERVER_NAME
from tests.lab.daemon import Daemon
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES

CANARY = "192.0.2.77"
CLAIM = Claim(CANARY, (EDGE, 25))
HELO = "mailpath.invalid"
SPAN = Span(0.0, 0.0, 0.0)
NODE = Node("k8s-node2", NODES["k8s-node2"])
DATA_PORTS = {"smtp": 30125, "smtps": 30126, "submission": 30127, "imaps": 30128}
CHECK_PORTS = {"smtp": 30145, "smtps": 30146, "submission": 30147}


def canary(lab: Lab) -> RelayCanary:
    """Make the relay canary."""
    target = Target("home", kinds.RELAY_CANARY, "", "smtp")
    settings = NegativeSettings(target, MailProtocol.SMTP, 30125, 15.0, SERVER_NAME, HELO)
    return RelayCanary(settings, CLAIM, TlsClient(str(lab.ca_file)))


def no_header(lab: Lab, service: str) -> NoHeader:
    """Make the probe of a data port."""
    target = Target("home", kinds.NO_HEADER, "", service)
    settings = NegativeSettings(target, MailProtocol(service), DATA_PORTS[service], 15.0, SERVER_NAME, HELO)
    return NoHeader(settings, TlsClient(str(lab.ca_file)))


def header_on_check(lab: Lab, service: str) -> HeaderOnCheck:
    """Make the probe of a healthcheck port."""
    target = Target("home", kinds.HEADER_ON_CHECK, "", service)
    settings = NegativeSettings(target, MailProtocol(service), CHECK_PORTS[service], 15.0, SERVER_NAME, HELO)
    return HeaderOnCheck(settings, CLAIM, TlsClient(str(lab.ca_file)))


def observe(lab: Lab, *probes: NegativeProbe) -> dict[tuple[str, str], NegativeObservation]:
    """Do one round of each, all at once, from the client's host."""

    async def rounds() -> list[NegativeObservation]:
        answers = await asyncio.gather(*(probe.run(Ask(node=NODE)) for probe in probes))
        return [probe.judge(each, SPAN) for probe, each in zip(probes, answers, strict=True)]

    return {(seen.target.probe, seen.target.service): replace(seen, conversation=None) for seen in lab.run(rounds())}


def test_everything_is_refused_and_nothing_of_it_counts_as_self_inflicted(lab: Lab) -> None:
    """The servers as they are refuse in their own words; what the header probes leave carries no address of ours."""
    mark = lab.maillog.mark()
    seen = observe(
        lab,
        canary(lab),
        *(no_header(lab, service) for service in DATA_PORTS),
        *(header_on_check(lab, service) for service in CHECK_PORTS),
    )
    assert len(seen) == 8
    assert {key: each.refused for key, each in seen.items()} == dict.fromkeys(seen, True)
    assert seen["relay_canary", "smtp"].reply.startswith("554 5.7.1 <relay-canary@example.net>: Relay access denied")
    assert seen["no_header", "smtp"].reply == "421 4.3.2 No system resources"
    assert seen["no_header", "smtps"].reply.startswith("421 4.3.0 ")
    assert seen["no_header", "submission"].reply.startswith("421 4.3.0 ")
    assert seen["no_header", "imaps"].reply == "closed without a word"
    lab.maillog.wait_for(rf"reject: RCPT from unknown\[{CANARY}\].*Relay access denied", mark)
    lab.maillog.wait_for(rf"disconnect from unknown\[{CANARY}\]", mark)
    lines = lab.maillog.since(mark)
    problems = [each for each in MaillogParser().feed("".join(f"{line}\n" for line in lines).encode()) if each.problem]
    assert {"proxy_timeout", "proxy_header"} <= {each.problem for each in problems}
    assert {each.address for each in problems} <= {"", *NODES.values()}


def test_an_open_relay_and_swapped_proxy_switches_are_found(lab: Lab) -> None:
    """A trusted client network opens the relay; a PROXY listener without PROXY and a stock one with it are told."""
    lab.postfix.configure(mynetworks=f"127.0.0.0/8 {CANARY}/32")
    lab.postfix.configure_service("5587/inet", smtpd_upstream_proxy_protocol="")
    lab.postfix.configure_service("submissions/inet", smtpd_upstream_proxy_protocol="haproxy")
    seen = observe(
        lab,
        canary(lab),
        no_header(lab, "submission"),
        header_on_check(lab, "smtps"),
    )
    assert {key: each.refused for key, each in seen.items()} == dict.fromkeys(seen, False)
    assert seen["relay_canary", "smtp"].reply == "250 2.1.5 Ok"
    assert seen["no_header", "submission"].reply == f"220 {SERVER_NAME} ESMTP"
    assert seen["header_on_check", "smtps"].reply == f"220 {SERVER_NAME} ESMTP"
    assert not [line for line in lab.maillog.since(0) if "status=" in line and "relay-canary" in line]


def test_a_closed_port_is_neither(lab: Lab) -> None:
    """What could not be asked is not known."""
    lab.nodeport(NODE.name, 30125).refuse()
    seen = observe(lab, canary(lab), no_header(lab, "smtp"))
    assert {each.refused for each in seen.values()} == {None}


def test_the_daemon_finds_an_open_relay_and_its_end(lab: Lab, tmp_path: Path) -> None:
    """Metric, finding and /healthz say it within an interval; the hop stays none; what we do harms nothing."""
    lab.postfix.configure(mynetworks="127.0.0.0/8 192.0.2.0/24", postscreen_greet_wait="1s")
    handshakes: dict[str, object] = {"negative_interval": "2s", "client_rate_limit": None, "client_ip_proof": []}
    with Daemon(lab, tmp_path, lab.configuration(handshakes=handshakes)) as daemon:
        daemon.until(lambda: 0.0 in daemon.samples("negative_probe_refused").values(), within=20)
        (path,) = daemon.json("/api/v1/status")["paths"]
        assert "open_relay" in {finding["kind"] for finding in path["findings"]}
        daemon.until(lambda: daemon.hop() == "none", within=20)  # HAProxy may not yet have seen that Postfix is back
        assert daemon.status_of("/healthz") == 503
        assert daemon.events("negative.accepted")[0]["reason"] == "accepted"
        lab.postfix.configure(mynetworks="127.0.0.0/8")
        daemon.until(lambda: 1.0 in daemon.samples("negative_probe_refused").values(), within=20)
        assert sum(daemon.samples("self_inflicted_problems_total").values()) == 0
        assert len(daemon.samples("probes_total", probe="relay_canary", result="success")) == 1
