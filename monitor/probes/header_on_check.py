"""``header_on_check``: a healthcheck port leads to a stock listener, which must not believe a PROXY header.

Stock Postfix answers the header as what it is to it: syntax errors, and "221 Bye" to the QUIT in the signature; where
TLS comes first, its handshake fails. A server that swallows the header would let everybody inside claim any address.

Each round leaves the lines of a client that talks nonsense in the mail log, under the node's address.
"""

from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.model import MailProtocol
from monitor.core.taxonomy import Phase, Reason
from monitor.probes.negative import GONE, HEADER_MISSED, Ruling, accepted, refused, spoke_tls, untold, words
from monitor.probes.negative_probe import ClaimingProbe
from monitor.wire.mail_dialogue import mail_dialogue

# Where a plain dialogue can only be after its EHLO was answered well.
_BEYOND_EHLO = frozenset({Phase.STARTTLS, Phase.TLS_HANDSHAKE, Phase.QUIT})


class HeaderOnCheck(ClaimingProbe):
    """Sends the header and speaks on as if it had been read."""

    def script(self, endpoints: Endpoints) -> Script:
        """Send the header and speak on."""
        return mail_dialogue(self.settings.protocol, header=self.claim.header(endpoints), helo=self.settings.helo)

    def rule(self, conversation: Conversation) -> Ruling:
        """Rule by ``judge``."""
        return judge(self.settings.protocol, conversation)


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
