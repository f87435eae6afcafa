"""PROXY protocol version 1: lines as they are read, and each fault."""

import pytest

from monitor.core.taxonomy import Reason
from monitor.wire.proxy import MAX_LINE, decode_v1
from monitor.wire.proxy_header import Command, HeaderFault, ProxyHeader, ProxyHeaderError

UNKNOWN = ProxyHeader(Command.PROXY)
LINES = [
    pytest.param(
        b"PROXY TCP4 192.0.2.78 203.0.113.25 40078 25\r\n",
        ProxyHeader.tcp("192.0.2.78", 40078, "203.0.113.25", 25),
        id="TCP4",
    ),
    pytest.param(
        b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
        ProxyHeader.tcp("255.255.255.255", 65535, "255.255.255.255", 65535),
        id="TCP4, longest",
    ),
    pytest.param(b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", ProxyHeader.tcp("0.0.0.0", 0, "0.0.0.0", 0), id="TCP4, zeroes"),
    pytest.param(
        b"PROXY TCP6 2001:DB8::77 2001:db8:0:0:0:0:0:25 40002 993\r\n",
        ProxyHeader.tcp("2001:db8::77", 40002, "2001:db8::25", 993),
        id="TCP6, written as one likes",
    ),
    pytest.param(
        b"PROXY TCP6 " + b":".join([b"ffff"] * 8) + b" ::1 65535 65535\r\n",
        ProxyHeader.tcp(":".join(["ffff"] * 8), 65535, "::1", 65535),
        id="TCP6, long",
    ),
    pytest.param(b"PROXY UNKNOWN\r\n", UNKNOWN, id="UNKNOWN, short form"),
    pytest.param(b"PROXY UNKNOWN ffff::1 \xff\0 any  thing\r\n", UNKNOWN, id="UNKNOWN, rest ignored"),
    pytest.param(b"PROXY UNKNOWN " + b"f" * (MAX_LINE - 16) + b"\r\n", UNKNOWN, id="UNKNOWN, 107 bytes"),
]

# What is wrong, and after how many bytes that is certain.
FAULTS = [
    pytest.param(b"EHLO probe\r\n", HeaderFault.SIGNATURE, 1, id="another protocol"),
    pytest.param(b"PROXX TCP4", HeaderFault.SIGNATURE, 5, id="another word"),
    pytest.param(b"PROXY\tTCP4", HeaderFault.SIGNATURE, 6, id="no space"),
    pytest.param(b"PROXY\r\n", HeaderFault.SIGNATURE, 6, id="nothing but the word"),
    pytest.param(b"PROXY UNKNOWN " + b"f" * (MAX_LINE - 15) + b"\r\n", HeaderFault.OVERSIZED, 106, id="108 bytes"),
    pytest.param(b"PROXY UNKNOWN\nEHLO\r\n", HeaderFault.LINE_END, 14, id="LF alone"),
    pytest.param(b"PROXY UNKNOWN\rEHLO\r\n", HeaderFault.LINE_END, 15, id="CR alone"),
    pytest.param(b"PROXY UNKNOWN\r\r\n", HeaderFault.LINE_END, 15, id="two CR"),
    pytest.param(b"PROXY \r\n", HeaderFault.PROTOCOL, 8, id="no protocol"),
    pytest.param(b"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", HeaderFault.PROTOCOL, 36, id="TCP5"),
    pytest.param(b"PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", HeaderFault.PROTOCOL, 36, id="tcp4 in small letters"),
    pytest.param(b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", HeaderFault.PROTOCOL, 37, id="two spaces, first"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", HeaderFault.FIELDS, 34, id="a port missing"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", HeaderFault.FIELDS, 38, id="a field too many"),
    pytest.param(b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", HeaderFault.FIELDS, 37, id="two spaces"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", HeaderFault.FIELDS, 37, id="space at the end"),
    pytest.param(b"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", HeaderFault.ADDRESS, 37, id="leading zero"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2 1 2\r\n", HeaderFault.ADDRESS, 34, id="three numbers"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.256 1 2\r\n", HeaderFault.ADDRESS, 38, id="number over 255"),
    pytest.param(b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", HeaderFault.ADDRESS, 40, id="IPv6 in TCP4"),
    pytest.param(b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", HeaderFault.ADDRESS, 36, id="IPv4 in TCP6"),
    pytest.param(b"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", HeaderFault.ADDRESS, 37, id="a scope"),
    pytest.param(b"PROXY TCP4 \xb2.0.2.1 192.0.2.2 1 2\r\n", HeaderFault.ADDRESS, 34, id="not ASCII"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", HeaderFault.PORT, 40, id="port 65536"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n", HeaderFault.PORT, 37, id="port with leading zero"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", HeaderFault.PORT, 37, id="port with sign"),
    pytest.param(b"PROXY TCP4 192.0.2.1 192.0.2.2 \xb9 2\r\n", HeaderFault.PORT, 36, id="port not ASCII"),
]


@pytest.mark.parametrize(("line", "header"), LINES)
def test_read_byte_by_byte_and_with_a_tail(line: bytes, header: ProxyHeader) -> None:
    """Every proper prefix asks for more; the whole gives the value; what follows is left alone."""
    assert [decode_v1(line[:end]) for end in range(len(line))] == [None] * len(line)
    assert decode_v1(line) == (header, len(line))
    assert decode_v1(line + line) == (header, len(line))
    assert decode_v1(line + b"\nEHLO") == (header, len(line))


@pytest.mark.parametrize(("data", "fault", "certain"), FAULTS)
def test_each_fault_as_early_as_it_shows(data: bytes, fault: HeaderFault, certain: int) -> None:
    """A fault is raised with the byte that proves it, not before, and the same however much follows."""
    assert [decode_v1(data[:end]) for end in range(certain)] == [None] * certain
    for tail in (data[certain:], b"", b"EHLO probe\r\n"):
        with pytest.raises(ProxyHeaderError) as caught:
            decode_v1(data[:certain] + tail)
        assert caught.value.fault is fault


def test_an_endless_line_is_given_up() -> None:
    """A line without an end is refused as too large, whatever its length."""
    with pytest.raises(ProxyHeaderError, match="107 bytes") as caught:
        decode_v1(b"PROXY TCP4 " + b"1" * 100_000)
    assert caught.value.reason is Reason.TOO_LARGE
