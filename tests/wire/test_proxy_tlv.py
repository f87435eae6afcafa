"""Type-length-value vectors, read and written."""

import pytest

from monitor.core.errors import WireError
from monitor.wire.proxy_header import HeaderFault, ProxyHeaderError, SslClient, SslSubtype, SslTlv, Tlv, TlvType
from monitor.wire.proxy_tlv import decode_ssl, encode_tlvs, read_tlvs

SSL_SUBTYPES = [
    (SslSubtype.VERSION, "21 0007", b"TLSv1.3"),
    (SslSubtype.CN, "22 0006", "Zoë N".encode()),
    (SslSubtype.CIPHER, "23 0016", b"TLS_AES_256_GCM_SHA384"),
    (SslSubtype.SIG_ALG, "24 000a", b"RSA-SHA256"),
    (SslSubtype.KEY_ALG, "25 0007", b"RSA2048"),
    (SslSubtype.GROUP, "26 0006", b"X25519"),
    (SslSubtype.SIG_SCHEME, "27 0017", b"rsa_pss_rsae_sha256 etc"),
    (SslSubtype.CLIENT_CERT, "28 0003", b"\x30\x01\x00"),
    (0x2F, "2f 0001", b"?"),
]
TYPES = [
    (TlvType.ALPN, "01 0004", b"imap"),
    (TlvType.AUTHORITY, "02 0010", b"mail.example.org"),
    (TlvType.CRC32C, "03 0004", b"\1\2\3\4"),
    (TlvType.NOOP, "04 0000", b""),
    (TlvType.UNIQUE_ID, "05 0080", bytes(range(128))),
    (TlvType.NETNS, "30 0004", b"blue"),
    (0xE0, "e0 0003", b"own"),  # PP2_TYPE_MIN_CUSTOM
    (0xF0, "f0 0003", b"try"),  # PP2_TYPE_MIN_EXPERIMENT
    (0xFF, "ff 0001", b"?"),  # PP2_TYPE_MAX_FUTURE
]


def read(data: bytes) -> list[Tlv]:
    """Read all vectors of a block."""
    return [tlv for _, tlv in read_tlvs(data, 0, len(data))]


def fault_of(data: bytes) -> HeaderFault:
    """Read a block that is at fault, and say how."""
    with pytest.raises(ProxyHeaderError) as caught:
        read(data)
    return caught.value.fault


@pytest.mark.parametrize(("type_", "prefix", "value"), TYPES + SSL_SUBTYPES)
def test_every_type_in_both_directions(type_: int, prefix: str, value: bytes) -> None:
    """Each registered, custom or unknown type is written as the specification says, and read back as it was."""
    wire = bytes.fromhex(prefix) + value
    assert encode_tlvs([Tlv(type_, value)]) == wire
    assert read(wire) == [Tlv(type_, value)]


def test_offsets_are_those_of_the_values() -> None:
    """A vector is told with the place of its value in the whole data, and nothing outside the bounds is read."""
    data = b"head" + encode_tlvs([Tlv(TlvType.NOOP, b""), Tlv(TlvType.NETNS, b"blue")]) + b"tail"
    assert list(read_tlvs(data, 4, 14)) == [(7, Tlv(TlvType.NOOP, b"")), (10, Tlv(TlvType.NETNS, b"blue"))]


def test_the_ssl_vector_is_nested() -> None:
    """The SSL vector carries flags, the result of the verification and every subtype, and survives both directions."""
    tlv = SslTlv(
        SslClient.SSL | SslClient.CERT_CONN | SslClient.CERT_SESS,
        0x01020304,
        tuple(Tlv(type_, value) for type_, _, value in SSL_SUBTYPES),
    )
    value = bytes.fromhex("07 01020304") + b"".join(bytes.fromhex(prefix) + v for _, prefix, v in SSL_SUBTYPES)
    assert encode_tlvs([tlv]) == b"\x20" + len(value).to_bytes(2, "big") + value
    assert decode_ssl(value) == tlv


def test_unknown_client_flags_are_kept() -> None:
    """A flag of the future is no fault."""
    assert decode_ssl(bytes.fromhex("81 00000000")).client == SslClient.SSL | 0x80


@pytest.mark.parametrize("data", ["01", "0100", "010001", "0100026d", "0400000100ff68"])
def test_truncated_vector(data: str) -> None:
    """A vector that is cut, in its prefix or its value, is a fault."""
    assert fault_of(bytes.fromhex(data)) is HeaderFault.TLV_TRUNCATED


@pytest.mark.parametrize(
    ("type_", "length"),
    [(TlvType.UNIQUE_ID, 129), (TlvType.CRC32C, 3), (TlvType.CRC32C, 5), (TlvType.SSL, 4)],
)
def test_a_length_that_the_type_cannot_have(type_: int, length: int) -> None:
    """A vector longer or shorter than its type allows is a fault, and is not written either."""
    assert fault_of(bytes([type_]) + length.to_bytes(2, "big") + bytes(length)) is HeaderFault.TLV_LENGTH
    with pytest.raises(ValueError, match="bad TLV length"):
        encode_tlvs([Tlv(type_, bytes(length))])


@pytest.mark.parametrize("type_", [TlvType.ALPN, TlvType.AUTHORITY, TlvType.UNIQUE_ID, TlvType.NETNS])
def test_what_may_come_once_comes_once(type_: int) -> None:
    """A second vector of a type that identifies the connection is a fault, and is not written either."""
    assert fault_of(2 * encode_tlvs([Tlv(type_, b"x")])) is HeaderFault.TLV_DUPLICATE
    with pytest.raises(ValueError, match="duplicate TLV"):
        encode_tlvs([Tlv(type_, b"x"), Tlv(type_, b"y")])


@pytest.mark.parametrize("type_", [TlvType.NOOP, 0x10, 0xE0, 0xFF])
def test_padding_and_unknown_types_may_repeat(type_: int) -> None:
    """What mailpath cannot judge is kept in its order."""
    tlvs = [Tlv(type_, b"x"), Tlv(type_, b""), Tlv(type_, b"x")]
    assert read(encode_tlvs(tlvs)) == tlvs


@pytest.mark.parametrize(
    ("inner", "fault"),
    [
        ("210007", HeaderFault.TLV_TRUNCATED),
        ("2100014121000142", HeaderFault.TLV_DUPLICATE),
    ],
)
def test_faults_inside_the_ssl_vector(inner: str, fault: HeaderFault) -> None:
    """The inner vectors are judged as the outer ones are."""
    with pytest.raises(WireError, match=fault):
        decode_ssl(bytes(5) + bytes.fromhex(inner))


@pytest.mark.parametrize(
    ("tlv", "message"),
    [
        (Tlv(256, b""), "TLV type"),
        (Tlv(-1, b""), "TLV type"),
        (Tlv(TlvType.NOOP, bytes(0x10000)), "bad TLV length"),
        (SslTlv(SslClient(0x100), 0), "SSL client"),
        (SslTlv(SslClient.SSL, 1 << 32), "verify"),
        (SslTlv(SslClient.SSL, -1), "verify"),
        (SslTlv(SslClient.SSL, 0, (Tlv(SslSubtype.CN, bytes(0x10000)),)), "bad TLV length"),
    ],
)
def test_values_out_of_range_are_not_written(tlv: Tlv | SslTlv, message: str) -> None:
    """What no vector can express is refused."""
    with pytest.raises(ValueError, match=message):
        encode_tlvs([tlv])
