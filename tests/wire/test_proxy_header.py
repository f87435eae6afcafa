"""What a PROXY protocol header says, and what can be wrong with one."""

import pytest

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.proxy_header import (
    Endpoint,
    Family,
    HeaderFault,
    ProxyHeader,
    ProxyHeaderError,
    SslClient,
    SslTlv,
    TlvType,
    Transport,
    parse_ip,
)


@pytest.mark.parametrize(
    ("source", "destination", "transport"),
    [("192.0.2.77", "203.0.113.25", Transport.TCP4), ("2001:db8::77", "2001:db8::25", Transport.TCP6)],
)
def test_tcp_takes_the_family_of_its_source(source: str, destination: str, transport: Transport) -> None:
    """A relayed TCP connection is described by four values, the family follows from the source."""
    header = ProxyHeader.tcp(source, 40001, destination, 25)
    assert (header.transport, header.source, header.destination) == (
        transport,
        Endpoint(source, 40001),
        Endpoint(destination, 25),
    )


def test_the_family_is_the_upper_half_of_the_transport() -> None:
    """Every transport knows its address family."""
    assert {transport.name: transport.family for transport in Transport} == {
        "UNSPEC": Family.UNSPEC,
        "TCP4": Family.INET,
        "UDP4": Family.INET,
        "TCP6": Family.INET6,
        "UDP6": Family.INET6,
        "UNIX_STREAM": Family.UNIX,
        "UNIX_DGRAM": Family.UNIX,
    }


def test_the_ssl_vector_has_its_type() -> None:
    """An SSL vector can be told by its type, as any other."""
    assert SslTlv(SslClient.SSL, 0).type is TlvType.SSL


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(HeaderFault.OVERSIZED, Reason.TOO_LARGE), (HeaderFault.CHECKSUM, Reason.MALFORMED)],
)
def test_an_error_names_fault_reason_and_bytes(fault: HeaderFault, reason: Reason) -> None:
    """A header error is a wire error that says what, why, and shows the bytes."""
    error = ProxyHeaderError(fault, "specifics", b"bytes")
    assert isinstance(error, WireError)
    assert (error.fault, error.reason, error.detail, error.data) == (fault, reason, f"{fault}: specifics", b"bytes")


@pytest.mark.parametrize(
    ("address", "family", "message"),
    [
        ("2001:db8::77", Family.INET, "Expected 4 octets"),
        ("192.0.2.77", Family.INET6, "At least 3 parts"),
        ("192.0.2.077", Family.INET, "Leading zeros"),
        ("fe80::1%eth0", Family.INET6, "has a scope"),
        ("", Family.INET6, "cannot be empty"),
    ],
)
def test_an_address_of_another_family_or_with_a_scope_is_none(address: str, family: Family, message: str) -> None:
    """Only what a header of that family can carry is an address."""
    with pytest.raises(ValueError, match=message):
        parse_ip(address, family)
