"""A receiver of both versions, and what holds for any bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.wire.proxy import decode
from monitor.wire.proxy_header import HeaderFault, ProxyHeader, ProxyHeaderError
from monitor.wire.proxy_v2 import SIGNATURE, encode_v2

TCP4 = ProxyHeader.tcp("192.0.2.77", 40001, "203.0.113.25", 25)
V1 = b"PROXY TCP4 192.0.2.77 203.0.113.25 40001 25\r\n"
V2 = bytes.fromhex("0d0a0d0a000d0a515549540a2111000cc000024dcb0071199c410019")


@pytest.mark.parametrize("data", [V1, V2])
def test_both_versions_say_the_same(data: bytes) -> None:
    """Version 1 and 2 decode to the same value, a tail in sight or not."""
    assert decode(data) == (TCP4, len(data))
    assert decode(data + b"EHLO probe\r\n") == (TCP4, len(data))


def test_nothing_yet() -> None:
    """Without a byte no version is known."""
    assert decode(b"") is None


@pytest.mark.parametrize("data", [b"EHLO probe\r\n", b"\x16\x03\x01\x02\0", b"proxy", b"\n", b"\r\r"])
def test_another_protocol(data: bytes) -> None:
    """A client that sends no header is told at its first differing byte."""
    with pytest.raises(ProxyHeaderError) as caught:
        decode(data)
    assert (caught.value.fault, caught.value.data) == (HeaderFault.SIGNATURE, data)


def test_the_bound_is_the_receivers() -> None:
    """A receiver may take more, or less, than Postfix does."""
    assert decode(V2, limit=len(V2)) == (TCP4, len(V2))
    with pytest.raises(ProxyHeaderError, match="bound is 27"):
        decode(V2, limit=len(V2) - 1)


def outcome(data: bytes) -> tuple[ProxyHeader, int] | HeaderFault | None:
    """Decode, with the fault as a value."""
    try:
        return decode(data)
    except ProxyHeaderError as error:
        return error.fault


LIKELY = st.tuples(
    st.sampled_from(
        [
            b"",
            b"PROXY ",
            b"PROXY TCP4 ",
            b"PROXY UNKNOWN",
            SIGNATURE,
            V1[:-1],
            V2,
            V2[:13],
            V2[:14] + b"\0",
            V2[:15] + b"\x30" + V2[16:],
        ]
    ),
    st.binary(max_size=140),
).map(b"".join)


@settings(deadline=None, max_examples=300)
@given(data=LIKELY, damage=st.tuples(st.integers(0, 150), st.integers(0, 0xFF)))
@example(data=V1, damage=(0, 0))
@example(data=V2, damage=(0, 0))
def test_any_bytes_in_any_portions(data: bytes, damage: tuple[int, int]) -> None:
    """Any bytes give a header, a fault or a wish for more, and the same one in whatever portions they arrive."""
    position, flip = damage
    garbled = bytearray(data)
    if position < len(garbled):
        garbled[position] ^= flip
    whole = outcome(bytes(garbled))
    portions = [outcome(bytes(garbled[:end])) for end in range(len(garbled) + 1)]
    first = next((portion for portion in portions if portion is not None), None)
    assert first == whole
    if isinstance(whole, tuple):
        _, consumed = whole
        assert portions[consumed] == whole
        assert portions[:consumed] == [None] * consumed


@settings(deadline=None)
@given(
    source=st.ip_addresses(v=6).map(str),
    destination=st.ip_addresses(v=6).map(str),
    ports=st.tuples(*[st.integers(0, 0xFFFF)] * 2),
)
def test_versions_agree_on_any_address(source: str, destination: str, ports: tuple[int, int]) -> None:
    """One connection is the same value, told by a line or by a binary header."""
    line = f"PROXY TCP6 {source} {destination} {ports[0]} {ports[1]}\r\n".encode()
    header = ProxyHeader.tcp(source, ports[0], destination, ports[1])
    assert decode(line) == (header, len(line))
    assert decode(encode_v2(header)) == (header, 52)
