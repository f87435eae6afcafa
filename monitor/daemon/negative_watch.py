"""The negative probes of one path: what must be refused, tried rarely, on one node after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from monitor.config.addresses import negative_address
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.model import MailProtocol, Node, Service, Target
from monitor.daemon.compose import destination_of, key_of
from monitor.daemon.shared import Shared, limit
from monitor.engine.cadence import FIRST_ROUND_WITHIN, Cadence, Pace, phase_of
from monitor.engine.scheduler import Job
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.header_on_check import HeaderOnCheck
from monitor.probes.negative_probe import NegativeProbe, NegativeSettings
from monitor.probes.no_header import NoHeader
from monitor.probes.relay_canary import RelayCanary
from monitor.verdict.plan import NegativePlan

# Gives the names of the nodes where rounds of this kind succeed for this service.
HealthyNodes = Callable[[kinds.ProbeKind, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Watch:
    """One negative probe and its beat; ``rests_on`` is the kind whose success makes a node worth asking."""

    probe: NegativeProbe
    plan: NegativePlan
    rests_on: kinds.ProbeKind


class NegativeWatch:
    """Tries what must be refused, once in a ``negative_interval`` and for the first time after one.

    ``leads`` tells whether this replica is the one that may: the server's log shall show each try once.
    """

    def __init__(self, shared: Shared, healthy_nodes: HealthyNodes, leads: Callable[[], bool] = lambda: True) -> None:
        """Try nothing yet."""
        self._shared = shared
        self._healthy_nodes = healthy_nodes
        self._leads = leads
        self._nodes: tuple[Node, ...] = ()
        self._watches: dict[str, _Watch] = {}
        self._rounds: dict[str, int] = {}

    @property
    def plans(self) -> tuple[NegativePlan, ...]:
        """What is tried, and how often."""
        return tuple(watch.plan for watch in self._watches.values())

    def configure(self, path: PathSettings, tls: TlsClient) -> None:
        """Try by these settings; a probe that stays keeps its beat, and needs no new wait for its first round."""
        self._nodes = path.static_nodes
        before, self._watches = self._watches, {key_of(each.probe.target): each for each in _watches(path, tls)}
        for key in before.keys() - self._watches.keys():
            self._shared.scheduler.remove(key)
        for key, watch in self._watches.items():
            if key not in before or before[key].plan != watch.plan:
                self._schedule(key, watch.plan)

    def stop(self) -> None:
        """Try no more."""
        for key in self._watches:
            self._shared.scheduler.remove(key)

    def _schedule(self, key: str, plan: NegativePlan) -> None:
        phase = phase_of(key)
        cadence = Cadence(plan.interval, plan.interval, phase, delay=plan.interval + phase * FIRST_ROUND_WITHIN)
        self._shared.scheduler.add(Job(key, cadence, limit(plan.timeout), partial(self._round, key)))

    async def _round(self, key: str) -> Pace:
        watch = self._watches.get(key)
        if watch is not None and self._leads():
            node = self._next_node(key, watch)
            started = self._shared.now()
            conversation = await watch.probe.run(node)
            self._shared.on_observation(watch.probe.judge(node, conversation, self._shared.span(started)))
        return Pace.NORMAL

    def _next_node(self, key: str, watch: _Watch) -> Node:
        # Where no node is healthy any will do: the fault may be the very one that the round would prove.
        healthy = self._healthy_nodes(watch.rests_on, watch.probe.target.service)
        nodes = [node for node in self._nodes if node.name in healthy] or self._nodes
        number = self._rounds[key] = self._rounds.get(key, -1) + 1
        return nodes[number % len(nodes)]


def _watches(path: PathSettings, tls: TlsClient) -> Iterator[_Watch]:
    """Make every negative probe of a path. A new kind is one line here."""
    if path.static_nodes:
        yield from _relay_canary(path, tls)
        if path.handshakes.header_negatives:
            yield from _no_header(path, tls)
            yield from _header_on_check(path, tls)


def _watch(path: PathSettings, probe: NegativeProbe, rests_on: kinds.ProbeKind) -> _Watch:
    settings = path.handshakes
    return _Watch(probe, NegativePlan(probe.target, settings.negative_interval, settings.timeout), rests_on)


def _relay_canary(path: PathSettings, tls: TlsClient) -> Iterator[_Watch]:
    # One for the path, and never one for each node: a server that logs it once in an interval is asked often enough.
    service = next((service for service in path.services if service.protocol is MailProtocol.SMTP), None)
    if service is not None:
        settings = _settings(path, kinds.RELAY_CANARY, service, service.node_port)
        yield _watch(path, RelayCanary(settings, _claim(path, service), tls), kinds.HANDSHAKE)


def _no_header(path: PathSettings, tls: TlsClient) -> Iterator[_Watch]:
    for service in path.services:
        settings = _settings(path, kinds.NO_HEADER, service, service.node_port)
        yield _watch(path, NoHeader(settings, tls), kinds.HANDSHAKE)


def _header_on_check(path: PathSettings, tls: TlsClient) -> Iterator[_Watch]:
    for service in path.services:
        if service.check_node_port is not None:
            settings = _settings(path, kinds.HEADER_ON_CHECK, service, service.check_node_port)
            yield _watch(path, HeaderOnCheck(settings, _claim(path, service), tls), kinds.CHECK)


def _settings(path: PathSettings, kind: kinds.ProbeKind, service: Service, port: int) -> NegativeSettings:
    return NegativeSettings(
        target=Target(path.name, kind, "", service.name),
        protocol=service.protocol,
        port=port,
        timeout=path.handshakes.timeout,
        server_name=path.tls.server_name,
        helo=path.handshakes.helo,
    )


def _claim(path: PathSettings, service: Service) -> Claim:
    """Claim the negative probes' own client address, of the family of where it seems to have connected."""
    destination = destination_of(path, path.static_nodes[0])
    return Claim(negative_address(path, ipv6=":" in destination), (destination, service.frontend_port))
