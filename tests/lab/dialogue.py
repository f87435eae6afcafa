"""Mail dialogues in plain sockets, written apart from mailpath's own so that the laboratory is proved by itself."""

import socket
import ssl
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Self

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_header(client: str, port: int, destination: str, destination_port: int) -> bytes:
    """Write a PROXY v2 header for TCP over IPv4 (proxy-protocol.txt section 2.2)."""
    addresses = socket.inet_aton(client) + socket.inet_aton(destination) + struct.pack("!HH", port, destination_port)
    return SIGNATURE + b"\x21\x11" + struct.pack("!H", len(addresses)) + addresses


class Dialogue:
    """A connection that is read by lines."""

    def __init__(self, connection: socket.socket, header: bytes = b"", timeout: float = 20) -> None:
        """Take the connection over, and send the header first, in one write."""
        connection.settimeout(timeout)
        self._socket = connection
        if header:
            connection.sendall(header)
        self._lines = connection.makefile("rb")

    def __enter__(self) -> Self:
        """Keep it open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it in the orderly way."""
        self._lines.close()
        self._socket.close()

    def tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Put TLS on top. Raises ssl.SSLError."""
        self._lines.close()
        self._socket = context.wrap_socket(self._socket, server_hostname=server_name)
        self._lines = self._socket.makefile("rb")

    def line(self) -> str:
        """Read one line, without its end; ``""`` at the end of the stream."""
        return self._lines.readline().decode().rstrip("\r\n")

    def reply(self) -> str:
        """Read an SMTP reply to its last line (RFC 5321 section 4.2.1), and return that one."""
        return next(line for line in iter(self.line, None) if line[3:4] != "-")

    def say(self, command: str) -> str:
        """Send an SMTP command, and return the last line of the reply."""
        self._socket.sendall(f"{command}\r\n".encode())
        return self.reply()

    def imap(self, command: str) -> Iterator[str]:
        """Send a tagged IMAP command, and yield the lines of the answer, the tagged one included."""
        self._socket.sendall(f"a {command}\r\n".encode())
        while line := self.line():
            yield line
            if line.startswith("a "):
                return
