"""TLS sessions, kept from one conversation with a server to the next: to resume one costs less than a full handshake.

A resumed handshake shows no certificate (RFC 8446, section 2.2). So every fifth one with a server offers no session and
is full, and in between the chain that the session began with stands for the server, judged by the clock of the moment.
The turns of several servers are spread, and as soon as one of them shows another certificate all the others are asked.

A session is out of the book while a conversation uses it, and only a clean end brings it back. So whatever goes wrong,
the next handshake is a full one, and a fault of the certificate is looked at again in every round.
"""

import itertools
import math
import ssl
import sys
from dataclasses import dataclass

from monitor.links import certificate
from monitor.links.tcp import SocketAddress

FULL_EVERY = 5
MAX_SERVERS = 1024

# From 3.10 on CPython loses a copy of the session, some 6 KiB, each time that ``SSLObject.session`` is read; mended in
# 3.12.7, 3.13.1 and 3.14 (python/cpython, issue 116810). A process may lose so many of them for ever, and no more.
LOSES_MEMORY = sys.version_info < (3, 12, 7) or (3, 13) <= sys.version_info < (3, 13, 1)
MOST_READS = 512 if LOSES_MEMORY else math.inf

Server = tuple[SocketAddress, str]
"""Who is spoken to: the socket's address and the server's name."""
Chain = tuple[bytes, ...]


class Reads:
    """How many sessions may still be read: ``left``."""

    def __init__(self, most: float = MOST_READS) -> None:
        """Allow so many; ``math.inf``: any number."""
        self.left = most

    def another(self) -> bool:
        """Take one of them, if one is left."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


READS = Reads()
"""Those of this process."""


@dataclass(slots=True)
class _Kept:
    """What is known of a server with a good certificate.

    ``left`` counts handshakes: with a session those that may still resume it, without one those before one is read
    again. ``pause`` is how many that will be if the server refuses this session, and 0 once it has accepted it.
    ``asked``: the next handshake shall be a full one, whatever is left.
    """

    session: ssl.SSLSession | None
    chain: Chain
    left: int
    pause: int
    asked: bool = False


class SessionBook:
    """The sessions of one client, by server; the one that was used least lately is forgotten first."""

    def __init__(self, reads: Reads) -> None:
        """Keep none yet."""
        self._reads = reads
        self._kept: dict[Server, _Kept] = {}
        self._turns = itertools.cycle(reversed(range(FULL_EVERY)))

    def visit(self, server: Server) -> "Visit":
        """Begin a handshake with a server; what is known of it is out of the book until ``Visit.ended_well``."""
        return Visit(self, server, self._kept.pop(server, None))

    def put(self, server: Server, kept: _Kept) -> None:
        """Keep this for the next handshake with the server."""
        self._kept[server] = kept
        if len(self._kept) > MAX_SERVERS:
            del self._kept[next(iter(self._kept))]

    def read(self, server: Server, tls: ssl.SSLObject, chain: Chain, pause: int) -> None:
        """Keep the session of a full handshake; the server has been heard since, and its tickets come with that."""
        if self._reads.another() and (session := tls.session) is not None:
            self.put(server, _Kept(session, chain, next(self._turns), pause))

    def ask_all(self) -> None:
        """Have all servers show their certificates in the next handshake."""
        for kept in self._kept.values():
            kept.asked = True


class Visit:
    """One handshake with a server, and what shall be kept of it."""

    __slots__ = ("_book", "_chain", "_kept", "_server", "offered")

    def __init__(self, book: SessionBook, server: Server, kept: _Kept | None) -> None:
        """Use ``SessionBook.visit``."""
        self._book = book
        self._server = server
        self._kept = kept
        self._chain: Chain = ()
        self.offered = kept.session if kept is not None and kept.left and not kept.asked else None

    def chain(self, tls: ssl.SSLObject) -> Chain:
        """Give what the server shows in this handshake, or has shown when the session began that it resumed (DER)."""
        kept = self._kept
        self._chain = kept.chain if kept is not None and tls.session_reused else certificate.shown(tls)
        return self._chain

    def ended_well(self, tls: ssl.SSLObject, *, good: bool) -> None:
        """Keep what this handshake has taught for the next one; nothing unless the certificate is ``good``.

        A session is read as seldom as can be, by one rule for all Pythons: where there is none, where the server has
        refused one that it had accepted, and where it shows another certificate.
        """
        book, server, kept, chain = self._book, self._server, self._kept, self._chain
        changed = kept is not None and kept.chain != chain
        if changed:
            book.ask_all()
        if not good:
            return
        if kept is None or changed:
            book.read(server, tls, chain, pause=FULL_EVERY)
        elif kept.session is None:
            if kept.left:
                book.put(server, _Kept(None, chain, kept.left - 1, kept.pause))
            else:
                book.read(server, tls, chain, kept.pause)
        elif tls.session_reused:
            book.put(server, _Kept(kept.session, chain, kept.left - 1, pause=0))
        elif self.offered is None:  # it was this server's turn, or all were asked
            book.put(server, _Kept(kept.session, chain, (kept.left or FULL_EVERY) - 1, kept.pause))
        elif kept.pause:  # refused at once: it may keep no keys, as Dovecot, whose every process makes its own
            book.put(server, _Kept(None, chain, kept.pause, 2 * kept.pause))
        else:  # it has forgotten it since: restarted, or the session was too old
            book.read(server, tls, chain, pause=FULL_EVERY)
