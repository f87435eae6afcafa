"""The PROXY protocol for a receiver that takes both versions (specification, section 2.2, end)."""

from monitor.wire import proxy_v1, proxy_v2
from monitor.wire.proxy_header import MAX_HEADER, Decoded, HeaderFault, ProxyHeaderError


def decode(data: bytes, *, limit: int = MAX_HEADER) -> Decoded | None:
    """Read the header at the beginning of a stream, of either version; ``None`` asks for more data.

    Nothing behind the header is looked at. ``limit`` bounds version 2, the header's fixed part included; version 1 has
    a bound of its own.

    Raises:
        ProxyHeaderError: With the fault, as early as the bytes show it.
    """
    match data[:1]:
        case b"":
            return None
        case b"\r":
            return proxy_v2.decode_v2(data, limit=limit)
        case b"P":
            return proxy_v1.decode_v1(data)
        case _:
            raise ProxyHeaderError(HeaderFault.SIGNATURE, "neither version 1 nor 2", data)
