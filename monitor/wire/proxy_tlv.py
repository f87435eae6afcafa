"""Type-length-value vectors, the extensions of a version 2 header (PROXY protocol specification, section 2.2)."""

import struct
from collections.abc import Iterable, Iterator

from monitor.wire.proxy_header import HeaderFault, ProxyHeaderError, SslClient, SslSubtype, SslTlv, Tlv, TlvType

_PREFIX = struct.Struct(">BH")  # type, length of the value
_SSL = struct.Struct(">BI")  # client, verify; packed, without padding
_ANY_LENGTH = range(0x10000)

# The types that mean nothing when they come twice, with the lengths that they may have.
# All others (NOOP, custom, unknown) may come as they like.
_SINGLE: dict[int, range] = {
    TlvType.ALPN: _ANY_LENGTH,
    TlvType.AUTHORITY: _ANY_LENGTH,
    TlvType.CRC32C: range(4, 5),
    TlvType.UNIQUE_ID: range(128 + 1),  # section 2.2.5
    TlvType.SSL: range(_SSL.size, 0x10000),
    TlvType.NETNS: _ANY_LENGTH,
}
_SINGLE_IN_SSL: dict[int, range] = dict.fromkeys(SslSubtype, _ANY_LENGTH)


def _judge(type_: int, length: int, seen: set[int], single: dict[int, range]) -> HeaderFault | None:
    """What is wrong with one more vector after those ``seen``, if anything; remembers it."""
    if length not in single.get(type_, _ANY_LENGTH):
        return HeaderFault.TLV_LENGTH
    if type_ in single and type_ in seen:
        return HeaderFault.TLV_DUPLICATE
    seen.add(type_)
    return None


def read_tlvs(data: bytes, start: int, end: int, single: dict[int, range] = _SINGLE) -> Iterator[tuple[int, Tlv]]:
    """Yield the vectors that fill ``data[start:end]``, each with the offset of its value in ``data``.

    Raises:
        ProxyHeaderError: TLV_TRUNCATED, TLV_LENGTH or TLV_DUPLICATE.
    """
    seen: set[int] = set()
    while start < end:
        offset = start + _PREFIX.size
        if offset > end:
            raise ProxyHeaderError(HeaderFault.TLV_TRUNCATED, f"{end - start} bytes left of 3", data[start:end])
        type_, length = _PREFIX.unpack_from(data, start)
        stop = offset + length
        if stop > end:
            specifics = f"type 0x{type_:02x} declares {length} bytes, {end - offset} left"
            raise ProxyHeaderError(HeaderFault.TLV_TRUNCATED, specifics, data[start:end])
        if fault := _judge(type_, length, seen, single):
            raise ProxyHeaderError(fault, f"type 0x{type_:02x} of {length} bytes", data[start:stop])
        yield offset, Tlv(type_, data[offset:stop])
        start = stop


def decode_ssl(value: bytes) -> SslTlv:
    """Open the value of an SSL vector, whose length ``read_tlvs`` has checked (section 2.2.6).

    Raises:
        ProxyHeaderError: One of its inner vectors is at fault.
    """
    client, verify = _SSL.unpack_from(value)
    inner = read_tlvs(value, _SSL.size, len(value), _SINGLE_IN_SSL)
    return SslTlv(SslClient(client), verify, tuple(tlv for _, tlv in inner))


def encode_tlvs(tlvs: Iterable[Tlv | SslTlv], single: dict[int, range] = _SINGLE) -> bytes:
    """Write vectors one behind the other.

    Raises:
        ValueError: One is too short, too long, or comes twice.
    """
    seen: set[int] = set()
    encoded = bytearray()
    for tlv in tlvs:
        value = tlv.value if isinstance(tlv, Tlv) else _encode_ssl(tlv)
        if fault := _judge(tlv.type, len(value), seen, single):
            raise ValueError(f"{fault}: type 0x{tlv.type:02x} of {len(value)} bytes")
        try:
            encoded += _PREFIX.pack(tlv.type, len(value)) + value
        except struct.error as error:
            raise ValueError(f"TLV type is not one byte: {tlv.type}") from error
    return bytes(encoded)


def _encode_ssl(tlv: SslTlv) -> bytes:
    try:
        fixed = _SSL.pack(tlv.client, tlv.verify)
    except struct.error as error:
        raise ValueError(f"SSL client is not one byte, or verify not four: {tlv.client}, {tlv.verify}") from error
    return fixed + encode_tlvs(tlv.tlvs, _SINGLE_IN_SSL)
