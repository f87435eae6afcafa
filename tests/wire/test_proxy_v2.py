"""PROXY protocol version 2: one table of headers in both directions, each fault, and properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.wire.proxy_header import (
    MAX_HEADER,
    Command,
    Endpoint,
    Family,
    HeaderFault,
    ProxyHeader,
    ProxyHeaderError,
    SslClient,
    SslSubtype,
    SslTlv,
    Tlv,
    TlvType,
    Transport,
)
from monitor.wire.proxy_v2 import SIGNATURE, around_source_port, crc32c, decode_v2, encode_v2

LOCAL = ProxyHeader(Command.LOCAL)
UNSPEC = ProxyHeader(Command.PROXY)
TCP4 = ProxyHeader.tcp("192.0.2.77", 40001, "203.0.113.25", 25)
TCP4_BLOCK = "c000024dcb0071199c410019"
TLVS: tuple[Tlv | SslTlv, ...] = (
    Tlv(TlvType.ALPN, b"imap"),
    Tlv(TlvType.AUTHORITY, b"mail.example.org"),
    Tlv(TlvType.UNIQUE_ID, b"7F000001:8020"),
    SslTlv(
        SslClient.SSL,
        0,
        (
            Tlv(SslSubtype.VERSION, b"TLSv1.3"),
            Tlv(SslSubtype.KEY_ALG, b"RSA2048"),
            Tlv(SslSubtype.SIG_ALG, b"RSA-SHA256"),
            Tlv(SslSubtype.CIPHER, b"TLS_AES_256_GCM_SHA384"),
        ),
    ),
)


def relayed(transport: Transport, source: Endpoint, destination: Endpoint) -> ProxyHeader:
    """Make a header of the PROXY command without vectors."""
    return ProxyHeader(Command.PROXY, transport, source, destination)


def wire(hexadecimal: str) -> bytes:
    """Put the signature before what follows it."""
    return SIGNATURE + bytes.fromhex(hexadecimal)


def path(name: bytes) -> str:
    """Write the address of a UNIX socket in hexadecimal."""
    return name.ljust(108, b"\0").hex()


# What the bytes say; the other direction gives the same bytes.
BOTH_WAYS = [
    pytest.param("20 00 0000", LOCAL, id="LOCAL"),
    pytest.param("21 00 0000", UNSPEC, id="UNSPEC"),
    pytest.param("21 11 000c" + TCP4_BLOCK, TCP4, id="TCP4"),
    pytest.param(
        "21 12 000c ffffffff 00000000 ffff 0000",
        relayed(Transport.UDP4, Endpoint("255.255.255.255", 65535), Endpoint("0.0.0.0", 0)),
        id="UDP4",
    ),
    pytest.param(
        "21 21 0024 20010db8000000000000000000000077 20010db8000000000000000000000025 9c42 03e1",
        ProxyHeader.tcp("2001:db8::77", 40002, "2001:db8::25", 993),
        id="TCP6",
    ),
    pytest.param(
        "21 22 0024 20010db8000000000000000000000077 00000000000000000000000000000001 9c42 0035",
        relayed(Transport.UDP6, Endpoint("2001:db8::77", 40002), Endpoint("::1", 53)),
        id="UDP6",
    ),
    pytest.param(
        "21 31 00d8" + path(b"/run/client") + path(b"x" * 108),
        relayed(Transport.UNIX_STREAM, Endpoint("/run/client"), Endpoint("x" * 108)),
        id="UNIX stream, one path filling its field",
    ),
    pytest.param(
        "21 32 00d8" + path(b"") + path(b"\0abstract\xff"),
        relayed(Transport.UNIX_DGRAM, Endpoint(""), Endpoint("\0abstract\udcff")),
        id="UNIX datagram, unnamed and abstract",
    ),
    pytest.param(
        "21 11 0017" + TCP4_BLOCK + "04 0001 00 04 0000 e0 0001 7f",
        TCP4._replace(tlvs=(Tlv(TlvType.NOOP, b"\0"), Tlv(TlvType.NOOP, b""), Tlv(0xE0, b"\x7f"))),
        id="padding and a custom vector",
    ),
]

# What only a reader may meet.
ONE_WAY = [
    pytest.param("20 00 0007 030004a9b87e8f", LOCAL, id="LOCAL with CRC32C, as HAProxy 2.6 checks"),
    pytest.param("20 11 000c" + TCP4_BLOCK, LOCAL, id="LOCAL with addresses"),
    pytest.param("20 f9 0003 ffffff", LOCAL, id="LOCAL of an unknown family, with anything"),
    pytest.param("21 00 0003 ffffff", UNSPEC, id="UNSPEC with anything"),
    pytest.param("21 10 000c" + TCP4_BLOCK, UNSPEC, id="INET with UNSPEC protocol"),
    pytest.param("21 02 0000", UNSPEC, id="UNSPEC with DGRAM protocol"),
    pytest.param(
        "21 31 00d8" + path(b"/run/client\0rest of the buffer") + path(b""),
        relayed(Transport.UNIX_STREAM, Endpoint("/run/client"), Endpoint("")),
        id="UNIX path with rubbish behind its NUL",
    ),
    pytest.param(
        "21 11 007f 7f0000017f0000018020974b03000417025f67010004696d61700200106d61696c2e6578616d706c652e6f7267"
        "05000d37463030303030313a3830323020003f0100000000210007544c5376312e332500075253413230343824000a5253412d53"
        "4841323536230016544c535f4145535f3235365f47434d5f534841333834",
        ProxyHeader.tcp("127.0.0.1", 32800, "127.0.0.1", 38731)._replace(tlvs=TLVS, checksum=True),
        id="every option of HAProxy 2.6, CRC32C first",
    ),
]

# What is wrong, and after how many bytes that is certain.
FAULTS = [
    pytest.param(b"EHLO probe\r\n", HeaderFault.SIGNATURE, 1, id="another protocol"),
    pytest.param(SIGNATURE[:11] + b"X" + bytes(4), HeaderFault.SIGNATURE, 12, id="last byte of the signature"),
    pytest.param(wire("11 11 000c" + TCP4_BLOCK), HeaderFault.VERSION, 13, id="version 1"),
    pytest.param(wire("31 11 000c" + TCP4_BLOCK), HeaderFault.VERSION, 13, id="version 3"),
    pytest.param(wire("22 11 000c" + TCP4_BLOCK), HeaderFault.COMMAND, 13, id="command 2"),
    pytest.param(wire("2f 11 000c" + TCP4_BLOCK), HeaderFault.COMMAND, 13, id="command 15"),
    pytest.param(wire("21 41 000c" + TCP4_BLOCK), HeaderFault.FAMILY, 14, id="family 4"),
    pytest.param(wire("21 13 000c" + TCP4_BLOCK), HeaderFault.FAMILY, 14, id="protocol 3"),
    pytest.param(wire("21 03 0000"), HeaderFault.FAMILY, 14, id="UNSPEC family, protocol 3"),
    pytest.param(wire("21 11 000b" + TCP4_BLOCK), HeaderFault.SHORT_ADDRESS, 16, id="TCP4 in 11 bytes"),
    pytest.param(wire("21 21 0023"), HeaderFault.SHORT_ADDRESS, 16, id="TCP6 in 35 bytes"),
    pytest.param(wire("21 31 00d7"), HeaderFault.SHORT_ADDRESS, 16, id="UNIX in 215 bytes"),
    pytest.param(wire("21 11 0209"), HeaderFault.OVERSIZED, 16, id="537 bytes"),
    pytest.param(wire("20 00 ffff"), HeaderFault.OVERSIZED, 16, id="LOCAL, longest"),
    pytest.param(wire("21 11 000e" + TCP4_BLOCK + "0400"), HeaderFault.TLV_TRUNCATED, 30, id="cut TLV prefix"),
    pytest.param(wire("21 11 000f" + TCP4_BLOCK + "040001"), HeaderFault.TLV_TRUNCATED, 31, id="cut TLV value"),
    pytest.param(
        wire("21 11 0011" + TCP4_BLOCK + "03 0002 0000"), HeaderFault.TLV_LENGTH, 33, id="CRC32C of two bytes"
    ),
    pytest.param(
        wire("21 11 0014" + TCP4_BLOCK + "02 0001 61 02 0001 61"), HeaderFault.TLV_DUPLICATE, 36, id="two authorities"
    ),
    pytest.param(wire("21 11 0013" + TCP4_BLOCK + "03 0004 e069da2d"), HeaderFault.CHECKSUM, 35, id="wrong CRC32C"),
]


@pytest.mark.parametrize(("hexadecimal", "header"), BOTH_WAYS)
def test_written(hexadecimal: str, header: ProxyHeader) -> None:
    """A header is written as these very bytes."""
    assert encode_v2(header) == wire(hexadecimal)


@pytest.mark.parametrize(("hexadecimal", "header"), BOTH_WAYS + ONE_WAY)
def test_read_byte_by_byte_and_with_a_tail(hexadecimal: str, header: ProxyHeader) -> None:
    """Every proper prefix asks for more; the whole gives the value; what follows is left alone."""
    data = wire(hexadecimal)
    assert [decode_v2(data[:end]) for end in range(len(data))] == [None] * len(data)
    assert decode_v2(data) == (header, len(data))
    assert decode_v2(data + data) == (header, len(data))
    assert decode_v2(data + b"EHLO probe\r\n") == (header, len(data))


@pytest.mark.parametrize(("data", "fault", "certain"), FAULTS)
def test_each_fault_as_early_as_it_shows(data: bytes, fault: HeaderFault, certain: int) -> None:
    """A fault is raised with the byte that proves it, not before, and the same however much follows."""
    assert [decode_v2(data[:end]) for end in range(certain)] == [None] * certain
    for tail in (data[certain:], b"", b"EHLO probe\r\n"):
        with pytest.raises(ProxyHeaderError) as caught:
            decode_v2(data[:certain] + tail)
        assert caught.value.fault is fault


def test_a_second_checksum_is_a_fault_though_the_first_is_right() -> None:
    """Only one field can be zeroed: a second CRC32C is refused."""
    start, end = wire("21 11 001a" + TCP4_BLOCK + "03 0004"), bytes.fromhex("03 0004 00000000")
    checksum = crc32c(start + bytes(4) + end).to_bytes(4, "big")
    with pytest.raises(ProxyHeaderError) as caught:
        decode_v2(start + checksum + end)
    assert caught.value.fault is HeaderFault.TLV_DUPLICATE


def test_the_checksum_covers_the_whole_header() -> None:
    """A header with a checksum ends in a CRC32C of itself, the field zeroed; reading it verifies that."""
    header = TCP4._replace(tlvs=TLVS, checksum=True)
    data = encode_v2(header)
    assert data[-7:-4] == bytes.fromhex("03 0004")
    assert data[-4:] == crc32c(data[:-4] + bytes(4)).to_bytes(4, "big")
    assert decode_v2(data) == (header, len(data))


def test_the_bound_counts_the_fixed_part() -> None:
    """536 bytes pass, 537 do not, in neither direction, unless the bound is set otherwise."""
    fits = TCP4._replace(tlvs=(Tlv(TlvType.NOOP, bytes(MAX_HEADER - 28 - 3)),))
    over = TCP4._replace(tlvs=(Tlv(TlvType.NOOP, bytes(MAX_HEADER - 28 - 2)),))
    assert decode_v2(encode_v2(fits)) == (fits, MAX_HEADER)
    with pytest.raises(ValueError, match="537 bytes is over the bound of 536"):
        encode_v2(over)
    data = encode_v2(over, limit=537)
    with pytest.raises(ProxyHeaderError, match="537 bytes, the bound is 536"):
        decode_v2(data)
    assert decode_v2(data, limit=537) == (over, 537)


def test_the_longest_header_of_all() -> None:
    """Whatever the bound, the length field holds 65535."""
    longest = TCP4._replace(tlvs=(Tlv(TlvType.NOOP, bytes(0xFFFF - 12 - 3)),))
    data = encode_v2(longest, limit=1 << 20)
    assert decode_v2(data, limit=1 << 20) == (longest, 16 + 0xFFFF)
    with pytest.raises(ValueError, match="65552 bytes is over the bound of 65551"):
        encode_v2(TCP4._replace(tlvs=(Tlv(TlvType.NOOP, bytes(0xFFFF - 12 - 2)),)), limit=1 << 20)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        pytest.param(ProxyHeader.tcp("192.0.2.77", 1, "2001:db8::25", 25), "2001:db8::25", id="families mixed"),
        pytest.param(ProxyHeader.tcp("2001:db8::77", 1, "192.0.2.25", 25), "192.0.2.25", id="families mixed, TCP6"),
        pytest.param(ProxyHeader.tcp("fe80::1%eth0", 1, "2001:db8::25", 25), "scope", id="a scope"),
        pytest.param(ProxyHeader.tcp("mail.example.org", 1, "192.0.2.25", 25), "mail.example.org", id="a name"),
        pytest.param(ProxyHeader.tcp("192.0.2.77", 65536, "192.0.2.25", 25), "port out of range", id="port 65536"),
        pytest.param(ProxyHeader.tcp("192.0.2.77", 1, "192.0.2.25", -1), "port out of range", id="port -1"),
        pytest.param(TCP4._replace(destination=None), "needs source and destination", id="no destination"),
        pytest.param(TCP4._replace(command=Command.LOCAL), "carries nothing", id="LOCAL with addresses"),
        pytest.param(TCP4._replace(transport=Transport.UNSPEC), "carries nothing", id="UNSPEC with addresses"),
        pytest.param(LOCAL._replace(checksum=True), "carries nothing", id="LOCAL with a checksum"),
        pytest.param(UNSPEC._replace(tlvs=TLVS), "carries nothing", id="UNSPEC with vectors"),
        pytest.param(TCP4._replace(tlvs=(Tlv(TlvType.CRC32C, bytes(4)),)), "never given", id="a given checksum"),
        pytest.param(TCP4._replace(tlvs=TLVS * 2), "duplicate TLV", id="vectors twice"),
        pytest.param(
            relayed(Transport.UNIX_STREAM, Endpoint("/run/a"), Endpoint("x" * 109)), "UNIX socket", id="path too long"
        ),
        pytest.param(
            relayed(Transport.UNIX_STREAM, Endpoint("/run/a"), Endpoint("/run/b", 25)),
            "UNIX socket",
            id="path and port",
        ),
        pytest.param(
            relayed(Transport.UNIX_DGRAM, Endpoint("/run/a\0b"), Endpoint("/run/b")), "UNIX socket", id="NUL in a path"
        ),
        pytest.param(
            relayed(Transport.UNIX_DGRAM, Endpoint("\0name\0"), Endpoint("")), "UNIX socket", id="NUL behind a name"
        ),
        pytest.param(
            relayed(Transport.UNIX_DGRAM, Endpoint("\ud800"), Endpoint("")), "surrogates", id="no bytes of a path"
        ),
    ],
)
def test_nonsense_is_not_written(header: ProxyHeader, message: str) -> None:
    """What no receiver could read as it was meant is refused."""
    with pytest.raises(ValueError, match=message):
        encode_v2(header)


PORTS = st.integers(0, 0xFFFF)
INET = st.builds(Endpoint, st.ip_addresses(v=4).map(str), PORTS)
INET6 = st.builds(Endpoint, st.ip_addresses(v=6).map(str), PORTS)
PATHS = st.binary(max_size=107).map(lambda name: name.replace(b"\0", b"")) | st.binary(max_size=107).map(
    lambda name: b"\0" + name.rstrip(b"\0") if name.rstrip(b"\0") else b""
)
UNIX = PATHS.map(lambda name: Endpoint(name.decode("utf-8", "surrogateescape")))
ENDPOINTS = {Family.INET: INET, Family.INET6: INET6, Family.UNIX: UNIX}
VALUES = st.binary(max_size=128)
SUBTLVS = st.lists(st.builds(Tlv, st.integers(0x21, 0xFF), VALUES), max_size=3, unique_by=lambda tlv: tlv.type)
SSL = st.builds(SslTlv, st.integers(0, 0xFF).map(SslClient), st.integers(0, 0xFFFFFFFF), SUBTLVS.map(tuple))
PLAIN = st.builds(
    Tlv, st.sampled_from([kind for kind in range(256) if kind not in {TlvType.CRC32C, TlvType.SSL}]), VALUES
)
EXTENSIONS = st.lists(PLAIN | SSL, max_size=4, unique_by=lambda tlv: tlv.type).map(tuple)


@st.composite
def headers(draw: st.DrawFn, *, checksum: bool | None = None) -> ProxyHeader:
    """Make any header that relays a connection."""
    transport = draw(st.sampled_from([transport for transport in Transport if transport.family]))
    ends = ENDPOINTS[transport.family]
    checked = draw(st.booleans()) if checksum is None else checksum
    return ProxyHeader(Command.PROXY, transport, draw(ends), draw(ends), draw(EXTENSIONS), checked)


@settings(deadline=None)
@given(header=headers(), tail=st.binary(max_size=40), data=st.data())
def test_any_header_round_trips(header: ProxyHeader, tail: bytes, data: st.DataObject) -> None:
    """Written and read, any header is itself; any proper prefix asks for more; a tail changes nothing."""
    encoded = encode_v2(header, limit=1 << 16)
    assert decode_v2(encoded + tail, limit=1 << 16) == (header, len(encoded))
    cut = data.draw(st.integers(0, len(encoded) - 1))
    assert decode_v2(encoded[:cut], limit=1 << 16) is None


@settings(deadline=None)
@given(header=headers(checksum=True), flip=st.integers(1, 0xFF), data=st.data())
def test_a_damaged_header_never_passes_for_a_checked_one(header: ProxyHeader, flip: int, data: st.DataObject) -> None:
    """Whichever byte of a protected header is damaged, no reader takes it for a header with a right checksum."""
    damaged = bytearray(encode_v2(header, limit=1 << 16))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= flip
    try:
        decoded = decode_v2(bytes(damaged), limit=1 << 16)
    except ProxyHeaderError:
        return
    assert decoded is None or not decoded[0].checksum


@pytest.mark.parametrize(("source", "destination"), [("192.0.2.7", "10.0.20.1"), ("2001:db8::7", "2001:db8::1")])
@given(port=st.integers(0, 65535))
def test_a_header_around_its_source_port(source: str, destination: str, port: int) -> None:
    """With any port between its two parts it is the header of that port."""
    before, behind = around_source_port(ProxyHeader.tcp(source, 0, destination, 25))
    whole = encode_v2(ProxyHeader.tcp(source, port, destination, 25))
    assert before + port.to_bytes(2, "big") + behind == whole


@pytest.mark.parametrize(
    "header",
    [
        ProxyHeader(Command.LOCAL),
        ProxyHeader.tcp("192.0.2.7", 0, "10.0.20.1", 25)._replace(checksum=True),
        ProxyHeader(Command.PROXY, Transport.UNIX_STREAM, Endpoint("/a"), Endpoint("/b")),
    ],
)
def test_a_header_whose_source_port_must_not_change(header: ProxyHeader) -> None:
    """It has none, or a checksum over it."""
    with pytest.raises(ValueError, match="no source port that may change"):
        around_source_port(header)
