"""The IPv6 handshakes of one path: one service at a time, on one node, once in a ``reply_interval``."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from monitor.config.addresses import negative_address
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.model import Node, Target
from monitor.core.proof import Ask, EvidenceKind
from monitor.daemon.compose import destination_of, ipv6_destination_of, key_of
from monitor.daemon.shared import Shared, limit
from monitor.engine.cadence import FIRST_ROUND_WITHIN, Cadence, Pace, phase_of
from monitor.engine.scheduler import Job
from monitor.links.tls import TlsClient
from monitor.probes.handshake import Handshake, HandshakeSettings
from monitor.verdict.plan import Ipv6Plan

# Says what a round that is due now shall leave behind; ``None``: not this time.
AskOf = Callable[[Target], Ask | None]
# Gives the names of the nodes where the handshake of this service succeeds.
HealthyNodes = Callable[[str], Sequence[str]]


class Ipv6Watch:
    """Claims to be an IPv6 client, where the handshakes themselves claim to be IPv4 ones."""

    def __init__(self, shared: Shared, ask: AskOf, healthy_nodes: HealthyNodes) -> None:
        """Claim nothing yet."""
        self._shared = shared
        self._ask = ask
        self._healthy_nodes = healthy_nodes
        self._nodes: tuple[Node, ...] = ()
        self._rounds: dict[str, tuple[HandshakeSettings, float]] = {}
        self._tls: TlsClient | None = None
        self.plan: Ipv6Plan | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """The labels of the rounds."""
        return tuple(settings.target for settings, _ in self._rounds.values())

    def configure(self, path: PathSettings, tls: TlsClient) -> None:
        """Claim by these settings; a round that did not change keeps its beat."""
        self._nodes, self._tls = path.static_nodes, tls
        interval = path.handshakes.reply_interval
        before = self._rounds
        self._rounds = {key_of(each.target): (each, interval) for each in _settings(path)}
        for key in before.keys() - self._rounds.keys():
            self._shared.scheduler.remove(key)
        for key, planned in self._rounds.items():
            if before.get(key) != planned:
                phase = phase_of(key)
                # Once the handshakes are known to work: behind a fault of the path nothing is learned about a family.
                delay = path.handshakes.interval + phase * FIRST_ROUND_WITHIN
                cadence = Cadence(interval, interval, phase, delay)
                self._shared.scheduler.add(Job(key, cadence, limit(planned[0].timeout), partial(self._round, key)))
        self.plan = _plan(path, [settings for settings, _ in self._rounds.values()])

    def stop(self) -> None:
        """Claim no more."""
        for key in self._rounds:
            self._shared.scheduler.remove(key)

    async def _round(self, key: str) -> Pace:
        planned = self._rounds.get(key)
        if planned is None or self._tls is None:
            return Pace.NORMAL
        settings, _ = planned
        healthy = self._healthy_nodes(settings.target.service)
        node = next((node for node in self._nodes if node.name in healthy), None)
        ask = self._ask(settings.target) if node is not None else None
        if node is not None and ask is not None:
            handshake = Handshake(replace(settings, address=node.address), self._tls)
            started = self._shared.now()
            conversation = await handshake.run(ask)
            self._shared.on_observation(handshake.judge(conversation, self._shared.span(started)))
        return Pace.NORMAL


def _settings(path: PathSettings) -> list[HandshakeSettings]:
    if not path.static_nodes or ":" in destination_of(path, path.static_nodes[0]):
        return []
    handshakes = path.handshakes
    destination = ipv6_destination_of(path)
    return [
        HandshakeSettings(
            target=Target(path.name, kinds.IPV6_HEADER, "", service.name),
            protocol=service.protocol,
            address="",
            port=service.node_port,
            client_address=negative_address(path, ipv6=True),
            destination=(destination, service.frontend_port),
            timeout=handshakes.timeout,
            slow_after=handshakes.slow_after,
            server_name=path.tls.server_name,
            helo=handshakes.helo,
        )
        for service in path.services
    ]


def _plan(path: PathSettings, rounds: Sequence[HandshakeSettings]) -> Ipv6Plan | None:
    if not rounds:
        return None
    return Ipv6Plan(
        services={settings.target: service for settings, service in zip(rounds, path.services, strict=True)},
        claimed=rounds[0].client_address,
        destination=ipv6_destination_of(path),
        needed=any(":" in edge.address for edge in path.edges),
        reply=EvidenceKind.REPLY in path.handshakes.client_ip_proof,
        log=path.maillog is not None and EvidenceKind.LOG in path.handshakes.client_ip_proof,
        refused_interval=path.handshakes.negative_interval,
    )
