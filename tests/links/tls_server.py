"""OpenSSL's server side, in memory, and whole conversations of our client with it."""

import socket
import ssl
from typing import NamedTuple

from monitor.core.conversation import TlsFacts
from monitor.links.tcp import SocketAddress
from monitor.links.tls import TlsChannel, TlsClient
from tests.links.certificates import NAME

ADDRESS = SocketAddress(socket.AF_INET, ("192.0.2.1", 30126))
"""Where the server is, as far as the client is told."""


class Server:
    """The other side of a handshake; keeps what it heard and the error that ended its handshake."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Wait for a ClientHello."""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.shaken = False
        self.heard = b""
        self.alert = ""

    def answer(self, data: bytes) -> bytes:
        """Take the client's bytes, do what is due, and give ours."""
        self.incoming.write(data)
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
            self.heard += self.tls.read(4096)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.alert = error.reason
        return self.outgoing.read()


class Held(NamedTuple):
    """What a conversation has shown, and whether its handshake was resumed."""

    facts: TlsFacts
    resumed: bool


def shake(channel: TlsChannel, server: Server) -> TlsFacts:
    """Carry bytes to and fro until the client's handshake has ended."""
    answer = b""
    while (facts := channel.handshake(answer)) is None:
        answer = server.answer(channel.pending())
    channel.feed(server.answer(channel.pending()))  # the tickets
    return facts


def hold(client: TlsClient, context: ssl.SSLContext, server_name: str = NAME, address: SocketAddress = ADDRESS) -> Held:
    """Hold a whole conversation to its clean end, without any alert: handshake, a line each way, close_notify."""
    server, channel = Server(context), client.begin(server_name, address)
    facts = shake(channel, server)
    server.tls.write(b"220 mail\r\n")
    channel.feed(server.answer(b""))
    assert channel.decrypt() == b"220 mail\r\n"
    channel.encrypt(b"QUIT\r\n")
    channel.feed(server.answer(channel.pending()))
    assert server.heard == b"QUIT\r\n"
    channel.ended_well()
    channel.close()
    server.answer(channel.pending())
    assert server.alert == ""
    return Held(facts, channel.resumed)
