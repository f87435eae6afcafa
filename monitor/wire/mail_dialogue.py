"""A whole mail dialogue: PROXY header, TLS where it comes first, and the protocol of the service to its clean end."""

from monitor.core.conversation import Enter, Script, Send, StartTls
from monitor.core.model import MailProtocol
from monitor.core.taxonomy import Phase
from monitor.wire.imap import imap_dialogue
from monitor.wire.smtp import ReplyProof, smtp_dialogue


def mail_dialogue(
    protocol: MailProtocol, *, header: bytes | None, helo: str, noops: int = 0, proof: ReplyProof | None = None
) -> Script:
    """Speak to one mail service, as HAProxy does it for a client (with a header) or as a client (without).

    Args:
        protocol: What the service speaks; SMTP without implicit TLS goes through STARTTLS.
        header: The encoded PROXY header; ``None`` at a front door, where HAProxy sends it.
        helo: The name for EHLO, ASCII.
        noops: How many NOOP commands SMTP sends before QUIT. IMAP needs none: Dovecot's session id has our port.
        proof: The transaction that SMTP tries before that. IMAP has none: before a login Dovecot names no address.

    Raises:
        WireError: The peer did not get to the clean end.
    """
    if header is not None:
        yield Enter(Phase.PROXY_HEADER)
        # In one write, so in one segment: Postfix and Dovecot peek at what is there and do not wait for the rest.
        yield Send(header)
    if protocol.implicit_tls:
        yield Enter(Phase.TLS_HANDSHAKE)
        yield StartTls()
    if protocol.speaks_imap:
        return (yield from imap_dialogue())
    return (yield from smtp_dialogue(helo=helo, encrypted=protocol.implicit_tls, noops=noops, proof=proof))
