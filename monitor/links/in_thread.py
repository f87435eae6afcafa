"""The standard library's blocking mail clients, each in a thread, with an end that cannot be missed.

Their own timeouts are per read: who drips one byte at a time would hold them for ever. So the connection is cut from
outside when the time is over, or when nobody waits any more.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason

T = TypeVar("T")


class Session(Protocol):
    """Has the socket of a running call, once there is one."""

    @property
    def connection(self) -> socket.socket | None:
        """The socket, plain or with TLS on top."""


async def in_thread(session: Session, call: Callable[[], T], within: float) -> T:
    """Run ``call``, which uses the session's socket.

    Raises:
        LinkError: TIMEOUT: it was not done within ``within`` seconds; whatever ``call`` raises.
    """
    try:
        async with asyncio.timeout(within):
            return await asyncio.to_thread(call)
    except TimeoutError:
        raise LinkError(Reason.TIMEOUT, f"not done within {within:.3g} s") from None
    finally:
        connection = session.connection
        if connection is not None:
            with suppress(OSError):
                # Not SSLSocket's own shutdown, which would pull TLS away under the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
