"""OpenSSL's server side, in memory."""

import ssl


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
