"""PROXY protocol version 2, the binary header (specification, section 2.2)."""

import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from monitor.wire.proxy_header import (
    MAX_HEADER,
    Command,
    Decoded,
    Endpoint,
    Family,
    HeaderFault,
    ProxyHeader,
    ProxyHeaderError,
    SslTlv,
    Tlv,
    TlvType,
    Transport,
    parse_ip,
)
from monitor.wire.proxy_tlv import decode_ssl, encode_tlvs, read_tlvs

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_VERSION = 0x2
_FIXED = struct.Struct(">12sBBH")  # signature, version and command, family and protocol, length of the rest
_VERSION_COMMAND, _FAMILY_PROTOCOL, _LENGTH = 12, 13, 14  # offsets of the fixed part's fields
_PROTOCOLS = range(3)  # UNSPEC, STREAM, DGRAM
_PATH_LENGTH = 108  # of sun_path
_ADDRESSES = {
    Family.UNSPEC: struct.Struct(""),
    Family.INET: struct.Struct(">4s4sHH"),
    Family.INET6: struct.Struct(">16s16sHH"),
    Family.UNIX: struct.Struct(f">{_PATH_LENGTH}s{_PATH_LENGTH}s"),
}
_PORT_SIZE = 2
_WITH_PORTS = frozenset({Transport.TCP4, Transport.TCP6})
_CRC_PLACEHOLDER = Tlv(TlvType.CRC32C, bytes(4))
_LONGEST = _FIXED.size + 0xFFFF
# CRC-32C (Castagnoli), the checksum of section 2.2.3 and of SCTP (RFC 4960, appendix B)
_REFLECTED_POLYNOMIAL = 0x82F63B78
_ALL_ONES = 0xFFFFFFFF


def encode_v2(header: ProxyHeader, *, limit: int = MAX_HEADER) -> bytes:
    """Write a header of at most ``limit`` bytes; its CRC32C, if it has one, comes last.

    Raises:
        ValueError: It cannot be written: families mixed, a port, path or vector out of range, longer than ``limit``, or
            a LOCAL or UNSPEC header with anything in it (receivers discard it).
    """
    rest = _encode_addresses(header)
    if header.tlvs or header.checksum:
        rest += _encode_extensions(header)
    size, bound = _FIXED.size + len(rest), min(limit, _LONGEST)
    if size > bound:
        raise ValueError(f"a header of {size} bytes is over the bound of {bound}")
    encoded = _FIXED.pack(SIGNATURE, _VERSION << 4 | header.command, header.transport, len(rest)) + rest
    if header.checksum:
        return encoded[:-4] + crc32c(encoded).to_bytes(4, "big")
    return encoded


def around_source_port(header: ProxyHeader) -> tuple[bytes, bytes]:
    """Write a TCP header but for the two bytes of its source port: what stands before them, and what behind.

    For those who send the same one again and again, from a port of its own each time.

    Raises:
        ValueError: It cannot be written, or no TCP port stands in it.
    """
    if header.transport not in _WITH_PORTS or header.checksum:
        raise ValueError(f"a {header.transport.name} header has no source port that may change")
    encoded = encode_v2(header)
    at = _FIXED.size + _ADDRESSES[header.transport.family].size - 2 * _PORT_SIZE
    return encoded[:at], encoded[at + _PORT_SIZE :]


def _encode_addresses(header: ProxyHeader) -> bytes:
    source, destination = header.source, header.destination
    if header.command is Command.LOCAL or header.transport is Transport.UNSPEC:
        if header != ProxyHeader(header.command):
            raise ValueError("a LOCAL or UNSPEC header carries nothing")
        return b""
    if source is None or destination is None:
        raise ValueError(f"a {header.transport.name} header needs source and destination")
    family = header.transport.family
    if family is Family.UNIX:
        return _ADDRESSES[family].pack(_encode_path(source), _encode_path(destination))
    addresses = _packed(source.address, family), _packed(destination.address, family)
    try:
        return _ADDRESSES[family].pack(*addresses, source.port, destination.port)
    except struct.error as error:
        raise ValueError(f"port out of range: {source.port} or {destination.port}") from error


@lru_cache(maxsize=4096)
def _packed(address: str, family: Family) -> bytes:
    """Return an address's bytes: a target claims the same two in each of its headers."""
    return parse_ip(address, family).packed


def _encode_path(endpoint: Endpoint) -> bytes:
    path = endpoint.address.encode("utf-8", "surrogateescape")
    if endpoint.port or len(path) > _PATH_LENGTH or _trim_path(path) != path:
        raise ValueError(f"{endpoint} is no UNIX socket of at most {_PATH_LENGTH} bytes")
    return path


def _trim_path(path: bytes) -> bytes:
    """Cut a path at its first NUL, an abstract name at its trailing ones, as unix(7) reads them."""
    return path.rstrip(b"\0") if path.startswith(b"\0") else path.partition(b"\0")[0]


def _encode_extensions(header: ProxyHeader) -> bytes:
    if any(tlv.type == TlvType.CRC32C for tlv in header.tlvs):
        raise ValueError("a CRC32C is asked for by checksum, never given")
    return encode_tlvs((*header.tlvs, _CRC_PLACEHOLDER) if header.checksum else header.tlvs)


def decode_v2(data: bytes, *, limit: int = MAX_HEADER) -> Decoded | None:
    """Read the header at the beginning of a stream; ``None`` asks for more data. Faults show as early as they can.

    What a LOCAL header says must be discarded, an unknown family included; so are, with UNSPEC family or protocol, the
    addresses, and what follows them at an unknown distance (section 2.2): both decode to a header that carries nothing.

    Raises:
        ProxyHeaderError: With the fault.
    """
    if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
        raise ProxyHeaderError(HeaderFault.SIGNATURE, "not PROXY version 2", data)
    if len(data) <= _VERSION_COMMAND:
        return None
    command = _decode_command(data)
    if len(data) <= _FAMILY_PROTOCOL:
        return None
    transport = _decode_transport(data) if command is Command.PROXY else Transport.UNSPEC
    if len(data) < _FIXED.size:
        return None
    layout = _ADDRESSES[transport.family]
    length = int.from_bytes(data[_LENGTH : _FIXED.size], "big")
    end = _FIXED.size + length
    if end > limit:
        raise ProxyHeaderError(HeaderFault.OVERSIZED, f"{end} bytes, the bound is {limit}", data)
    if length < layout.size:
        specifics = f"{length} bytes declared, {transport.name} takes {layout.size}"
        raise ProxyHeaderError(HeaderFault.SHORT_ADDRESS, specifics, data)
    if len(data) < end:
        return None
    if transport is Transport.UNSPEC:
        return ProxyHeader(command), end
    source, destination = _decode_addresses(data, transport.family)
    tlvs, checksum = _decode_extensions(data[:end], _FIXED.size + layout.size)
    return ProxyHeader(command, transport, source, destination, tlvs, checksum), end


def _decode_command(data: bytes) -> Command:
    version, command = divmod(data[_VERSION_COMMAND], 16)
    if version != _VERSION:
        raise ProxyHeaderError(HeaderFault.VERSION, f"{version}", data)
    if command > Command.PROXY:
        raise ProxyHeaderError(HeaderFault.COMMAND, f"{command}", data)
    return Command(command)


def _decode_transport(data: bytes) -> Transport:
    both = data[_FAMILY_PROTOCOL]
    family, protocol = divmod(both, 16)
    if family > Family.UNIX or protocol not in _PROTOCOLS:
        raise ProxyHeaderError(HeaderFault.FAMILY, f"0x{both:02x}", data)
    return Transport(both) if family and protocol else Transport.UNSPEC


def _decode_addresses(data: bytes, family: Family) -> tuple[Endpoint, Endpoint]:
    fields = _ADDRESSES[family].unpack_from(data, _FIXED.size)
    if family is Family.UNIX:
        source, destination = (Endpoint(_trim_path(path).decode("utf-8", "surrogateescape")) for path in fields)
        return source, destination
    ip = IPv4Address if family is Family.INET else IPv6Address
    return Endpoint(str(ip(fields[0])), fields[2]), Endpoint(str(ip(fields[1])), fields[3])


def _decode_extensions(header: bytes, start: int) -> tuple[tuple[Tlv | SslTlv, ...], bool]:
    """Read the vectors; the flag says that a CRC32C was among them, and right."""
    tlvs: list[Tlv | SslTlv] = []
    checksum = False
    for offset, tlv in read_tlvs(header, start, len(header)):
        if tlv.type == TlvType.CRC32C:
            _verify_checksum(header, offset)
            checksum = True
        else:
            tlvs.append(decode_ssl(tlv.value) if tlv.type == TlvType.SSL else tlv)
    return tuple(tlvs), checksum


def _verify_checksum(header: bytes, offset: int) -> None:
    """Compare the checksum at ``offset`` with that of the whole header, its own field zeroed (section 2.2.3)."""
    received = int.from_bytes(header[offset : offset + 4], "big")
    computed = crc32c(header[:offset] + bytes(4) + header[offset + 4 :])
    if received != computed:
        raise ProxyHeaderError(HeaderFault.CHECKSUM, f"received 0x{received:08x}, computed 0x{computed:08x}", header)


def _remainder(byte: int) -> int:
    """Divide one byte by the polynomial, least significant bit first."""
    for _ in range(8):
        byte = byte >> 1 ^ (_REFLECTED_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_remainder(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """Return the checksum of ``data``, 0 to 0xFFFFFFFF."""
    crc = _ALL_ONES
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ _ALL_ONES
