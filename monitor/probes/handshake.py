"""``handshake``: a data NodePort, spoken to as HAProxy does it: PROXY v2 header, then the service's own dialogue.

Never LOCAL: it proves nothing, as the server then logs the peer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from monitor.config.addresses import client_addresses
from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask, EvidenceKind
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim, destination_of
from monitor.probes.dialogue import DialogueRule, evidence_sought, observe, script
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Measure, ProofPlan, TargetPlan

KIND = ProbeKind("handshake", shown=Shown.HANDSHAKE)


@dataclass(frozen=True, slots=True)
class HandshakeSettings:
    """One handshake: whom and where, what we claim to be, and how to judge; times in seconds.

    ``client_address`` is the address that the header claims, fixed for this target; ``destination`` where the client
    seems to have connected: the edge's address and frontend port.
    """

    target: Target
    protocol: MailProtocol
    address: str
    port: int
    client_address: str
    destination: tuple[str, int]
    timeout: float
    slow_after: float
    server_name: str
    helo: str


class Handshake:
    """Asks one service on one node."""

    def __init__(self, settings: HandshakeSettings, tls: TlsClient) -> None:
        """Take the settings and the TLS client that all handshakes of a path share."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls
        self._claim = Claim(settings.client_address, settings.destination)
        self._rule = DialogueRule(settings.protocol, header_sent=True, slow_after=settings.slow_after)

    async def run(self, ask: Ask = NOTHING, /) -> Conversation:
        """Hold one dialogue."""
        settings = self.settings
        return await converse(
            partial(self._script, ask),
            settings.address,
            settings.port,
            timeout=settings.timeout,
            tls=self._tls,
            server_name=settings.server_name,
        )

    def judge(self, conversation: Conversation, span: Span) -> Observation:
        """Judge one dialogue."""
        return observe(self.target, self._rule, conversation, span)

    def _script(self, ask: Ask, endpoints: Endpoints) -> Script:
        settings = self.settings
        return script(settings.protocol, ask, header=self._claim.header(endpoints), helo=settings.helo)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each node and service."""
    handshakes, services = path.handshakes, path.services
    clients = {ipv6: client_addresses(path, ipv6=ipv6) for ipv6 in (False, True)}
    evidence = evidence_sought(path, reply=EvidenceKind.REPLY in handshakes.client_ip_proof)
    measure = Measure(handshakes.interval, handshakes.timeout, handshakes.rise, handshakes.fall)
    fast, by_hand = handshakes.fast_interval, handshakes.on_demand_interval
    for node in path.known_nodes:
        destination = destination_of(path, node)
        for service in services:
            target = Target(path.name, KIND, node.name, service.name)
            settings = HandshakeSettings(
                target=target,
                protocol=service.protocol,
                address=node.address,
                port=service.node_port,
                # A header names two addresses of one family.
                client_address=clients[":" in destination][node.name, service.name],
                destination=(destination, service.frontend_port),
                timeout=handshakes.timeout,
                slow_after=handshakes.slow_after,
                server_name=path.tls.server_name,
                helo=handshakes.helo,
            )
            proof = ProofPlan(
                evidence=evidence,
                reply_interval=handshakes.reply_interval,
                claimed=settings.client_address,
                destination=destination,
            )
            plan = TargetPlan(target, node.address, service.node_port, measure, proof)
            probe = Handshake(settings, links.tls)
            yield Watch(probe, links.tls, measure, fast, plan, on_demand_interval=by_hand)
