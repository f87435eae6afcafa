"""One HTTP request at a time, by aiohttp: explicit timeouts, a bounded answer, no redirect followed.

A redirect could carry a key to another host, and no API that is asked here answers with one. No error says the URL:
Uptime Kuma's has its token in it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import aiohttp

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import certificate
from monitor.links.tcp import reason_of
from monitor.links.trust import client_context

MAX_ANSWER = 64 * 1024


class Answer(NamedTuple):
    """A status and its body, cut at ``MAX_ANSWER`` bytes."""

    status: int
    body: bytes


async def request(
    method: str, url: str, *, within: float, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Ask; ``within`` is in seconds, for all of it. A user and password in the URL are sent as basic auth.

    Raises:
        LinkError: REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED, LOCAL_ERROR; ``certificate_…``, TLS_ERROR;
            MALFORMED: no HTTP.
    """
    limits = aiohttp.ClientTimeout(total=within, sock_connect=within, sock_read=within)
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, auto_decompress=False) as session,
            session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False, ssl=system_tls()
            ) as response,
        ):
            return Answer(response.status, await _bounded(response.content))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _translated(error, within) from None  # its own words would hold the URL


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    data = b""
    while len(data) < MAX_ANSWER and (more := await content.read(MAX_ANSWER - len(data))):
        data += more
    return data


def _translated(error: Exception, within: float) -> LinkError:
    match error:
        case asyncio.TimeoutError():
            reason, detail = Reason.TIMEOUT, f"no answer within {within:.3g} s"
        case aiohttp.ClientConnectorCertificateError():
            reason, detail = _refusal(error.certificate_error)
        case aiohttp.ClientSSLError():
            reason, detail = Reason.TLS_ERROR, "the TLS handshake failed"
        case aiohttp.ClientConnectorDNSError():
            reason, detail = Reason.UNREACHABLE, "its name cannot be resolved"
        case OSError():
            reason, detail = reason_of(error), error.strerror or type(error).__name__
        case aiohttp.ServerConnectionError() | aiohttp.ClientPayloadError():
            reason, detail = Reason.CLOSED, "it closed the connection before its answer was whole"
        case _:
            reason, detail = Reason.MALFORMED, f"no HTTP ({type(error).__name__})"
    return LinkError(reason, detail)


def _refusal(error: Exception) -> tuple[Reason, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate.refusal(error)
    return Reason.CERTIFICATE_UNTRUSTED, "the certificate is not valid"


@cache
def system_tls() -> ssl.SSLContext:
    """TLS that trusts the system's authorities, loaded once: that takes milliseconds."""
    context = client_context()
    context.set_alpn_protocols(["http/1.1"])  # as aiohttp's own
    return context
