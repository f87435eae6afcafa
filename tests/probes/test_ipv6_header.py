"""The IPv6 handshakes at work: which address, which node, how often, and when not. In virtual time."""

import asyncio
from collections.abc import Sequence

import pytest

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, ScriptMaker, Send
from monitor.core.model import Node, Target
from monitor.core.observations import AnyObservation
from monitor.core.proof import Ask
from monitor.daemon.runner import Runner
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.probes import handshake, ipv6_header
from monitor.probes.claim import IPV6_DESTINATION
from monitor.probes.plan import plan_of
from monitor.probes.watch import Links
from monitor.verdict.path_book import PathBook
from monitor.wire.proxy_v2 import decode_v2
from tests import kinds
from tests.config import documents
from tests.daemon.telemetry import Telemetry
from tests.probes.mail_server import ENDS, complete
from tests.virtual_time import run_virtual


def path(edge: str = "10.0.20.1") -> PathSettings:
    """Give a path of two nodes behind an edge."""
    two = "static: [{name: k8s-node1, address: 10.0.20.101}, {name: k8s-node2, address: 10.0.20.102}]"
    return documents.path(f'edges: [{{name: pfsense, address: "{edge}", stats_socket: null}}]', two)


@pytest.fixture(autouse=True)
def headers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """Answer every dialogue at once; gives whom was spoken to, and the first bytes said."""
    said: list[tuple[str, bytes]] = []

    async def converse(script: ScriptMaker, address: str, _port: int, **_: object) -> Conversation:
        said.append((address, next(step.data for step in script(ENDS) if isinstance(step, Send))))
        return complete("250 ok")

    monkeypatch.setattr(handshake, "converse", converse)
    return said


class Book(PathBook):
    """A path's book that knows which nodes are healthy, and whether it is the time to ask."""

    healthy: tuple[Node, ...] = ()
    turn = True

    def healthy_nodes(self, _probe: kinds.ProbeKind, _service: str, _now: float) -> tuple[Node, ...]:
        """Give what was set."""
        return self.healthy

    def ask(self, target: Target, now: float) -> Ask | None:
        """Ask as the path's book does, in its turn."""
        return super().ask(target, now) if self.turn else None


def watched(settings: PathSettings, seconds: float, healthy: Sequence[str], *, turn: bool = True) -> list[float]:
    """Run the watches for so long; gives when a probe run was observed."""

    async def scenario() -> list[float]:
        telemetry, times = Telemetry(), list[float]()

        def see(observation: AnyObservation, _news: bool) -> None:  # noqa: FBT001 - what the runner tells
            assert observation.target.probe is kinds.IPV6_HEADER
            times.append(asyncio.get_running_loop().time())

        scheduler, connector = Scheduler(telemetry), Connector()
        shared = Shared(scheduler, connector, lambda: 0.0, telemetry.bug, see, lambda _: None)
        watches = list(ipv6_header.watches(settings, Links(connector, TlsClient())))
        book = Book(plan_of(settings, watches))
        book.healthy = tuple(node for node in settings.known_nodes if node.name in healthy)
        book.turn = turn
        runner = Runner(shared, book)
        runner.arrange(watches)
        await asyncio.sleep(seconds)
        runner.stop()
        await scheduler.stop(1.0)
        connector.close()
        assert telemetry.bugs == []
        return times

    return run_virtual(scenario())


def test_each_service_is_asked_once_in_a_reply_interval(headers: list[tuple[str, bytes]]) -> None:
    """Four services, from a minute after the start, on a healthy node, as one documentation address of IPv6."""
    times = watched(path(), 1250.0, ["k8s-node2"])
    assert 60.0 <= times[0] <= 62.0
    assert 8 <= len(times) <= 12
    assert {address for address, _ in headers} == {"10.0.20.102"}
    claims = [decoded[0] for _, data in headers if (decoded := decode_v2(data))]
    assert len(claims) == len(times)
    assert {claim.destination.address for claim in claims if claim.destination} == {IPV6_DESTINATION}
    sources = {claim.source.address for claim in claims if claim.source}
    assert len(sources) == 1
    assert sources.pop().startswith("2001:db8:25:")


def test_without_a_healthy_node_or_a_turn_nothing_is_asked() -> None:
    """Behind a fault nothing is learned, and a server that has refused is left alone."""
    assert watched(path(), 1250.0, []) == []
    assert watched(path(), 1250.0, ["k8s-node1"], turn=False) == []


def test_a_path_that_speaks_ipv6_anyway_needs_no_such_round() -> None:
    """Behind an IPv6 edge the handshakes themselves claim IPv6."""
    assert watched(path("2001:db8:1::1"), 1250.0, ["k8s-node1"]) == []
