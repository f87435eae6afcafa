"""``ipv6_header``: a handshake that claims an IPv6 client, where the handshakes themselves claim IPv4 ones.

One service at a time, on one node, once in a ``reply_interval``: what it shows is told as a finding.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from monitor.config.addresses import negative_address
from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask, EvidenceKind
from monitor.links.tls import TlsClient
from monitor.probes import handshake
from monitor.probes.claim import destination_of, ipv6_destination_of
from monitor.probes.handshake import Handshake, HandshakeSettings
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Ipv6Plan, Measure

KIND = ProbeKind("ipv6_header", shown=Shown.APART, rare=True)


class Ipv6Header:
    """Asks one service on whichever node the book names."""

    def __init__(self, settings: HandshakeSettings, tls: TlsClient) -> None:
        """Take the settings, whose address is left open, and the TLS client that all handshakes of a path share."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls
        self._handshake = Handshake(settings, tls)

    async def run(self, ask: Ask = NOTHING, /) -> Conversation:
        """Hold one dialogue with the node that is asked for.

        Raises:
            ValueError: No node is.
        """
        if ask.node is None:
            raise ValueError(f"{self.target} names no node")
        return await Handshake(replace(self.settings, address=ask.node.address), self._tls).run(ask)

    def judge(self, conversation: Conversation, span: Span) -> Observation:
        """Judge one dialogue."""
        return self._handshake.judge(conversation, span)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each service, from when the handshakes are known; none where they claim IPv6 clients themselves."""
    if not path.known_nodes or ":" in destination_of(path, path.known_nodes[0]):
        return
    handshakes, interval = path.handshakes, path.handshakes.reply_interval
    for service in path.services:
        settings = HandshakeSettings(
            target=Target(path.name, KIND, "", service.name),
            protocol=service.protocol,
            address="",
            port=service.node_port,
            client_address=negative_address(path, ipv6=True),
            destination=(ipv6_destination_of(path), service.frontend_port),
            timeout=handshakes.timeout,
            slow_after=handshakes.slow_after,
            server_name=path.tls.server_name,
            helo=handshakes.helo,
        )
        measure = Measure(interval, handshakes.timeout, 1, 1)
        # Behind a fault of the path nothing is learned about a family.
        yield Watch(Ipv6Header(settings, links.tls), links.tls, measure, interval, held_back=handshakes.interval)


def plan(path: PathSettings, watched: Collection[Target]) -> Ipv6Plan | None:
    """What these handshakes are judged by; ``None``: there is none among the targets that are watched."""
    services = {Target(path.name, KIND, "", service.name): service for service in path.services}
    asked = {target: service for target, service in services.items() if target in watched}
    if not asked:
        return None
    return Ipv6Plan(
        services=asked,
        claimed=negative_address(path, ipv6=True),
        destination=ipv6_destination_of(path),
        needed=any(":" in edge.address for edge in path.edges),
        reply=EvidenceKind.REPLY in path.handshakes.client_ip_proof,
        log=path.maillog is not None and EvidenceKind.LOG in path.handshakes.client_ip_proof,
        refused_interval=path.handshakes.negative_interval,
        rests_on=handshake.KIND,
    )
