"""Hold a dialogue over TCP and TLS to its end, whatever the peer does."""

import asyncio

from monitor.core.conversation import Conversation, ScriptMaker
from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.clock import exact_time
from monitor.links.exchange import Exchange, Peer
from monitor.links.record import Record
from monitor.links.tcp import SocketAddress, known_literal, resolve
from monitor.links.tls import TlsClient


async def converse(  # noqa: PLR0913 - a peer, a deadline, TLS and our own end: each is the caller's to choose
    make_script: ScriptMaker,
    address: str,
    port: int,
    *,
    timeout: float,  # noqa: ASYNC109 - the record must tell which phase the deadline cut short
    tls: TlsClient | None,
    server_name: str,
    source_address: str | None = None,
) -> Conversation:
    """Connect, hold the script's dialogue to its end, hang up in order, and tell what happened.

    ``timeout`` (seconds) bounds all of it, name resolution included. ``bytes_received`` counts the bytes of the wire,
    TLS records included. No failure raises: not the network's, not the peer's, not the deadline's. Whatever is raised
    is a bug, and the socket is closed then too, as on cancellation.
    """
    loop = asyncio.get_running_loop()
    record = Record(exact_time(loop))
    to = known_literal(address, port)
    if to is None and (to := await _resolved(address, port, timeout, record)) is None:
        return record.conversation()
    over: asyncio.Future[None] = loop.create_future()
    exchange = Exchange(make_script, Peer._make((to, source_address, tls, server_name)), timeout, record, over)
    try:
        await over
    finally:
        exchange.abandon()
    return record.conversation()


async def _resolved(host: str, port: int, timeout: float, record: Record) -> SocketAddress | None:  # noqa: ASYNC109
    """Look the host's name up in the time that there is; ``None``, and a failed record, if that does not do."""
    try:
        async with asyncio.timeout_at(record.started + timeout):
            return await resolve(host, port)
    except LinkError as error:
        record.fail(error.reason, error.detail)
    except TimeoutError:
        record.fail(Reason.TIMEOUT, f"after {timeout:g} s")
    return None
