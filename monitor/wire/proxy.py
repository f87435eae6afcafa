"""The PROXY protocol for a receiver that takes both versions (specification, section 2.2, end).

Version 1, the line of text (section 2.1), is read here, never written.
"""

import re

from monitor.wire.proxy_header import (
    MAX_HEADER,
    Command,
    Decoded,
    Endpoint,
    HeaderFault,
    ProxyHeader,
    ProxyHeaderError,
    Transport,
    parse_ip,
)
from monitor.wire.proxy_v2 import decode_v2

SIGNATURE = b"PROXY "
MAX_LINE = 107
"""Bytes of the longest line, CRLF included (section 2.1)."""

_CRLF = b"\r\n"
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")  # no leading zeroes
_PORTS = range(0x10000)
_TRANSPORTS = {"TCP4": Transport.TCP4, "TCP6": Transport.TCP6}


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
            return decode_v2(data, limit=limit)
        case b"P":
            return decode_v1(data)
        case _:
            raise ProxyHeaderError(HeaderFault.SIGNATURE, "neither version 1 nor 2", data)


def decode_v1(data: bytes) -> Decoded | None:
    """Read the line at the beginning of a stream; ``None`` asks for more data.

    A CR or LF by itself is a fault at once, even where UNKNOWN lets a receiver ignore the rest of the line: it is never
    part of a line, and must not end one.

    Raises:
        ProxyHeaderError: With the fault.
    """
    if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
        raise ProxyHeaderError(HeaderFault.SIGNATURE, "not PROXY version 1", data)
    line = data[:MAX_LINE].partition(b"\r")[0].partition(b"\n")[0]
    if len(line) > MAX_LINE - len(_CRLF):
        raise ProxyHeaderError(HeaderFault.OVERSIZED, f"no CRLF within {MAX_LINE} bytes", data[:MAX_LINE])
    line_end = data[len(line) : len(line) + len(_CRLF)]
    if not _CRLF.startswith(line_end):
        raise ProxyHeaderError(HeaderFault.LINE_END, f"but by {line_end!r}", data)
    if line_end != _CRLF:
        return None
    return _decode_line(line), len(line) + len(_CRLF)


def _decode_line(line: bytes) -> ProxyHeader:
    # Latin-1 maps every byte; what is not ASCII then fails as the field that it stands in.
    _, protocol, *fields = line.decode("latin-1").split(" ")
    if protocol == "UNKNOWN":
        return ProxyHeader(Command.PROXY)
    transport = _TRANSPORTS.get(protocol)
    if transport is None:
        raise ProxyHeaderError(HeaderFault.PROTOCOL, f"{protocol!r}", line)
    if len(fields) != 4:  # noqa: PLR2004 - two addresses, two ports
        raise ProxyHeaderError(HeaderFault.FIELDS, f"{len(fields)} behind {protocol}, not 4", line)
    try:
        source, destination = (str(parse_ip(field, transport.family)) for field in fields[:2])
    except ValueError as error:
        raise ProxyHeaderError(HeaderFault.ADDRESS, str(error), line) from error
    source_port, destination_port = (_decode_port(field, line) for field in fields[2:])
    return ProxyHeader(Command.PROXY, transport, Endpoint(source, source_port), Endpoint(destination, destination_port))


def _decode_port(field: str, line: bytes) -> int:
    if not _PORT.fullmatch(field) or int(field) not in _PORTS:
        raise ProxyHeaderError(HeaderFault.PORT, f"{field!r}", line)
    return int(field)
