"""``no_header``: a data port must not serve who sends no PROXY header.

Postfix says 421 after five seconds of silence (``postscreen_upstream_proxy_timeout``,
``smtpd_upstream_proxy_timeout``), Dovecot closes after three (``haproxy_timeout``). A greeting means that PROXY is off
there, or that the port leads to another listener. Where TLS comes first the server waits for its client, PROXY or not;
there we begin the TLS handshake, which a PROXY listener takes for a broken header.

Each round leaves a line or two of a missing header in the mail log, under the node's address.
"""

from collections.abc import Iterator

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.runbook import USER_PATCHES
from monitor.core.taxonomy import Phase, Reason
from monitor.probes import handshake
from monitor.probes.negative import GONE, HEADER_MISSED, Ruling, accepted, refused, spoke_tls, untold, words
from monitor.probes.negative_probe import NegativeProbe, settings_of, watch_of
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Accepted
from monitor.wire.mail_dialogue import mail_dialogue

ACCEPTED = Accepted(
    "header_not_required",
    "The data port of {service} on {node} serves a client without a PROXY header ({reply}): PROXY is off there, or "
    "the port leads to another listener. Every client is then seen under the proxy's or a node's address.",
    USER_PATCHES,
)

KIND = ProbeKind("no_header", shown=Shown.APART, rare=True)


class NoHeader(NegativeProbe):
    """Waits to be turned out, longer than the server's own patience; where it is greeted, it leaves in order."""

    def script(self, endpoints: Endpoints) -> Script:
        """Send no header."""
        del endpoints
        return mail_dialogue(self.settings.protocol, header=None, helo=self.settings.helo)

    def rule(self, conversation: Conversation) -> Ruling:
        """Rule by ``judge``."""
        return judge(conversation)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each service's data port, where ``header_negatives`` allows it."""
    if path.known_nodes and path.handshakes.header_negatives:
        for service in path.services:
            probe = NoHeader(settings_of(path, KIND, service, service.node_port), links.tls)
            yield watch_of(path, probe, links.tls, handshake.KIND, ACCEPTED)


def judge(conversation: Conversation) -> Ruling:
    """Judge by the first sign that the server gives."""
    failure = conversation.failure
    if failure is None or spoke_tls(conversation) or conversation.marks:
        return accepted(*_welcome(conversation))
    if failure.reason is Reason.HEADER_REJECTED:
        return refused(words(failure))
    if failure.reason is Reason.TLS_PLAINTEXT:
        return _of_plain_text(failure)
    if failure.phase is not Phase.CONNECT and failure.reason in GONE and conversation.bytes_received == 0:
        return refused(words(failure))
    return untold(failure)


def _welcome(conversation: Conversation) -> tuple[Phase, str]:
    if conversation.outcome is not None:
        return Phase.GREETING, conversation.outcome.greeting
    return (Phase.GREETING, "a greeting") if conversation.marks else (Phase.TLS_HANDSHAKE, "a TLS handshake")


def _of_plain_text(failure: Failure) -> Ruling:
    if failure.data.startswith(HEADER_MISSED):
        return refused(words(failure))
    # A greeting in plain text on a port for TLS: neither PROXY nor the right listener.
    return accepted(failure.phase, words(failure)) if failure.data.startswith(b"220") else untold(failure)
