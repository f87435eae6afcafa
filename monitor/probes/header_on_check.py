"""``header_on_check``: a healthcheck port leads to a stock listener, which must not believe a PROXY header.

Stock Postfix answers the header as what it is to it: syntax errors, and "221 Bye" to the QUIT in the signature; where
TLS comes first, its handshake fails. A server that swallows the header would let everybody inside claim any address.

Each round leaves the lines of a client that talks nonsense in the mail log, under the node's address.
"""

from collections.abc import Iterator

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import MailProtocol
from monitor.core.runbook import POSTCONF_SERVICES
from monitor.core.taxonomy import Phase, Reason
from monitor.probes import check
from monitor.probes.negative import GONE, HEADER_MISSED, Ruling, accepted, refused, spoke_tls, untold, words
from monitor.probes.negative_probe import ClaimingProbe, claim_of, settings_of, watch_of
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Accepted
from monitor.wire.mail_dialogue import mail_dialogue

# Where a plain dialogue can only be after its EHLO was answered well.
_BEYOND_EHLO = frozenset({Phase.STARTTLS, Phase.TLS_HANDSHAKE, Phase.QUIT})


ACCEPTED = Accepted(
    "header_believed",
    "The healthcheck port of {service} on {node} swallows a PROXY header ({reply}): whoever reaches that listener "
    "inside the cluster can claim any client address.",
    POSTCONF_SERVICES,
)

KIND = ProbeKind("header_on_check", shown=Shown.APART, rare=True)


class HeaderOnCheck(ClaimingProbe):
    """Sends the header and speaks on as if it had been read."""

    def script(self, endpoints: Endpoints) -> Script:
        """Send the header and speak on."""
        return mail_dialogue(self.settings.protocol, header=self.claim.header(endpoints), helo=self.settings.helo)

    def rule(self, conversation: Conversation) -> Ruling:
        """Rule by ``judge``."""
        return judge(self.settings.protocol, conversation)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each service's healthcheck port, where ``header_negatives`` allows it."""
    if path.known_nodes and path.handshakes.header_negatives:
        for service in path.services:
            if service.check_node_port is not None:
                settings = settings_of(path, KIND, service, service.check_node_port)
                probe = HeaderOnCheck(settings, claim_of(path, service), links.tls)
                yield watch_of(path, probe, links.tls, check.KIND, ACCEPTED)


def judge(protocol: MailProtocol, conversation: Conversation) -> Ruling:
    """Judge by how far the dialogue got."""
    failure = conversation.failure
    if failure is None or spoke_tls(conversation):
        greeting = conversation.outcome.greeting if conversation.outcome is not None else "a TLS handshake"
        return accepted(Phase.PROXY_HEADER, greeting)
    if protocol.implicit_tls:
        return refused(words(failure)) if _breaks_tls(failure) else untold(failure)
    if failure.reason is Reason.HEADER_NOT_CONSUMED:
        return refused(words(failure))
    if failure.phase in _BEYOND_EHLO:
        return accepted(Phase.PROXY_HEADER, "an answer to EHLO")
    return untold(failure)


def _breaks_tls(failure: Failure) -> bool:
    if failure.phase is not Phase.TLS_HANDSHAKE:
        return False
    if failure.reason is Reason.TLS_PLAINTEXT:
        # This is what a listener says that does read headers, only not this one.
        return not failure.data.startswith(HEADER_MISSED)
    return failure.reason in GONE or failure.reason is Reason.TLS_ERROR
