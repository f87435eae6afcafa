"""Negative probes at work: how often, on which node, and what a reload does to them. In virtual time."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation
from monitor.core.model import Node
from monitor.core.observations import AnyObservation
from monitor.daemon.runner import Runner
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.probes import header_on_check, negative_probe, no_header, relay_canary
from monitor.probes.plan import plan_of
from monitor.probes.watch import Links
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.config import documents
from tests.daemon.telemetry import Telemetry
from tests.probes.mail_server import complete
from tests.virtual_time import run_virtual

HOUR = 3600.0
NODES = ("k8s-node1", "k8s-node2", "k8s-node3")


def path(more: str = "", nodes: Sequence[str] = NODES) -> PathSettings:
    """Give a path of these nodes."""
    static = ", ".join(f"{{name: {node}, address: 10.0.20.10{node[-1]}}}" for node in nodes)
    return documents.path(f"handshakes: {{timeout: 20s{more}}}", f"static: [{static}]")


class Book(PathBook):
    """A path's book that knows which nodes are healthy."""

    healthy: tuple[str, ...] = ()

    def healthy_nodes(self, _probe: kinds.ProbeKind, _service: str, _now: float) -> tuple[Node, ...]:
        """Give those that were set."""
        return tuple(node for node in self.plan.nodes if node.name in self.healthy)


class Bench:
    """A runner of negative probes alone, with a scheduler of its own, and all that it observed."""

    def __init__(self, healthy: Sequence[str] = NODES, *, leads: bool = True) -> None:
        """Begin; ``healthy`` are the nodes where everything succeeds."""
        self.telemetry = Telemetry()
        self.scheduler = Scheduler(self.telemetry)
        self.seen: list[Any] = []
        self.links = Links(Connector(), TlsClient())
        shared = Shared(
            self.scheduler, self.links.connector, lambda: 0.0, self.telemetry.bug, self._see, lambda _: None
        )
        self.book = Book(plan_of(path(), []))
        self.book.healthy = tuple(healthy)
        self.runner = Runner(shared, self.book, lambda: leads)

    def configure(self, settings: PathSettings) -> None:
        """Watch by these settings."""
        rare = (relay_canary, no_header, header_on_check)
        self.runner.arrange(watch for each in rare for watch in each.watches(settings, self.links))
        self.book.replan(plan_of(settings, self.runner.seen))

    async def until(self, seconds: float) -> None:
        """Let the clock run to this second."""
        await asyncio.sleep(seconds - asyncio.get_running_loop().time())

    async def end(self) -> None:
        """End everything; no bug has come up."""
        self.runner.stop()
        await self.scheduler.stop(1.0)
        self.links.connector.close()
        assert self.telemetry.bugs == []

    def _see(self, observation: AnyObservation, _news: bool) -> None:  # noqa: FBT001 - what the runner tells
        self.seen.append((asyncio.get_running_loop().time(), observation))

    def of(self, probe: kinds.ProbeKind) -> list[Any]:
        """Give the observations of a kind."""
        return [observation for _, observation in self.seen if observation.target.probe is probe]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Answer every dialogue at once, with a refusal to relay; gives whom was spoken to."""
    spoken: list[tuple[str, int]] = []

    async def converse(_script: object, address: str, port: int, **_: object) -> Conversation:
        spoken.append((address, port))
        return complete("554 5.7.1 Relay access denied")

    monkeypatch.setattr(negative_probe, "converse", converse)
    return spoken


def test_the_first_round_comes_after_one_interval_then_one_each_interval() -> None:
    """Restarts make no extra rounds, and there is one canary for the path however many nodes there are."""

    async def scenario() -> Bench:
        bench = Bench()
        bench.configure(path())
        await bench.until(10.7 * HOUR)
        await bench.end()
        return bench

    bench = run_virtual(scenario())
    times = [time for time, _ in bench.seen]
    assert HOUR <= times[0] <= HOUR + 2
    assert 9 <= len(times) <= 10
    assert all(b - a >= HOUR / 2 for a, b in itertools.pairwise(times))
    assert {observation.target.node for _, observation in bench.seen} == {""}
    assert all(observation.refused for _, observation in bench.seen)


def test_rounds_go_from_node_to_node(asked: list[tuple[str, int]]) -> None:
    """Each healthy node has its turn; one that is not healthy has none."""

    async def scenario() -> Bench:
        bench = Bench(healthy=("k8s-node1", "k8s-node3"))
        bench.configure(path())
        await bench.until(5.7 * HOUR)
        await bench.end()
        return bench

    nodes = [observation.node for observation in run_virtual(scenario()).of(kinds.RELAY_CANARY)]
    assert nodes[:4] == ["k8s-node1", "k8s-node3", "k8s-node1", "k8s-node3"]
    assert asked[:2] == [("10.0.20.101", 30125), ("10.0.20.103", 30125)]


def test_without_a_healthy_node_any_is_asked() -> None:
    """What is wrong may be the very thing that the probe would prove."""

    async def scenario() -> Bench:
        bench = Bench(healthy=())
        bench.configure(path())
        await bench.until(3.7 * HOUR)
        await bench.end()
        return bench

    nodes = [observation.node for observation in run_virtual(scenario()).of(kinds.RELAY_CANARY)]
    assert nodes[:2] == ["k8s-node1", "k8s-node2"]


def test_the_header_probes_are_opt_in(asked: list[tuple[str, int]]) -> None:
    """With header_negatives each service's data port and healthcheck port are tried too, IMAPS having none such."""

    async def scenario(more: str) -> Bench:
        asked.clear()
        bench = Bench()
        bench.configure(path(more))
        await bench.until(HOUR + 3)
        await bench.end()
        return bench

    bench = run_virtual(scenario(""))
    assert {observation.target.probe for _, observation in bench.seen} == {kinds.RELAY_CANARY}
    bench = run_virtual(scenario(", header_negatives: true"))
    ports = [30125, 30125, 30126, 30127, 30128, 30145, 30146, 30147]
    assert sorted(port for _, port in asked) == ports
    assert len(bench.of(kinds.NO_HEADER)) == 4
    assert len(bench.of(kinds.HEADER_ON_CHECK)) == 3


def test_a_reload_keeps_the_beat_and_takes_over_the_new() -> None:
    """Nodes that come and go start no new wait; a probe that goes is heard of no more."""

    async def scenario() -> Bench:
        bench = Bench(healthy=("k8s-node3",))
        bench.configure(path(", header_negatives: true", NODES[:1]))
        await bench.until(HOUR - 60)
        bench.configure(path())
        await bench.until(HOUR + 3)
        await bench.end()
        return bench

    bench = run_virtual(scenario())
    assert [(each.target.probe, each.node) for _, each in bench.seen] == [(kinds.RELAY_CANARY, "k8s-node3")]


def test_only_the_leading_replica_asks(asked: list[tuple[str, int]]) -> None:
    """Where another replica leads nothing is tried, and nothing is told."""

    async def scenario() -> Bench:
        bench = Bench(leads=False)
        bench.configure(path())
        await bench.until(3 * HOUR)
        await bench.end()
        return bench

    assert run_virtual(scenario()).seen == []
    assert asked == []
