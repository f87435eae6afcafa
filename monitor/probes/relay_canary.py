"""``relay_canary``: port 25 must not relay to a foreign domain for a client whom nobody knows.

It asks as an address of a documentation network, through the PROXY header: the answer ``250`` says that Postfix relays
for the whole internet, because it takes our address for one in ``mynetworks`` (or sees its proxy's in place of ours).
It never sends DATA: the recipient is reset, and no mail can come of it.
"""

import re
from collections.abc import Iterator

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import MailProtocol
from monitor.core.runbook import POSTCONF_RELAY
from monitor.core.taxonomy import Phase, Reason
from monitor.probes import handshake
from monitor.probes.negative import Ruling, accepted, refused, untold
from monitor.probes.negative_probe import ClaimingProbe, claim_of, settings_of, watch_of
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Accepted
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.smtp import ReplyProof

# A domain that is reserved for documentation (RFC 2606 section 3), so it is foreign to every server.
RECIPIENT = "relay-canary@example.net"

# RFC 3463 section 3.4, mail system status: "not now" (full disk, postscreen's own 450 4.3.2), whoever asks for what.
_NOT_NOW = re.compile(r"[45]\d\d [45]\.3\.")


ACCEPTED = Accepted(
    "open_relay",
    "Open relay: {service} on {node} would take mail of an unknown client for a foreign domain ({reply}). Postfix "
    "trusts an address that it should not: is one of mynetworks the proxy's, the nodes' or the pods'?",
    POSTCONF_RELAY,
    # It is used within hours, and then no mail of ours is taken anywhere. The others need somebody inside.
    fails=True,
)

KIND = ProbeKind("relay_canary", shown=Shown.APART, rare=True)


class RelayCanary(ClaimingProbe):
    """Asks a node of a path's SMTP service; they all lead to the one server."""

    def script(self, endpoints: Endpoints) -> Script:
        """Ask for a foreign recipient, and take it back."""
        header, proof = self.claim.header(endpoints), ReplyProof(RECIPIENT)
        return mail_dialogue(self.settings.protocol, header=header, helo=self.settings.helo, proof=proof)

    def rule(self, conversation: Conversation) -> Ruling:
        """Rule by ``judge``."""
        return judge(conversation)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for the path, never one for each node: a server that logs it once in an interval is asked often enough."""
    service = next((service for service in path.services if service.protocol is MailProtocol.SMTP), None)
    if service is not None and path.known_nodes:
        settings = settings_of(path, KIND, service, service.node_port)
        probe = RelayCanary(settings, claim_of(path, service), links.tls)
        yield watch_of(path, probe, links.tls, handshake.KIND, ACCEPTED)


def judge(conversation: Conversation) -> Ruling:
    """Judge by the reply to RCPT, or to MAIL where that was refused already."""
    outcome = conversation.outcome
    if conversation.failure is not None or outcome is None:
        return untold(conversation.failure or Failure(Phase.PROOF, Reason.UNEXPECTED_REPLY))
    reply = outcome.proof_reply
    if reply.startswith("2"):
        return accepted(Phase.PROOF, reply)
    if _NOT_NOW.match(reply):
        return untold(Failure(Phase.PROOF, Reason.TURNED_AWAY, reply))
    if reply.startswith(("4", "5")):
        return refused(reply)
    return untold(Failure(Phase.PROOF, Reason.UNEXPECTED_REPLY, reply))
