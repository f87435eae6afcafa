"""What a PROXY protocol header says, and what can be wrong with one.

Sections cited in the ``proxy*`` modules are those of HAProxy's doc/proxy-protocol.txt, in its revision of 2026-01-15.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar, NamedTuple, Self

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

MAX_HEADER = 536
"""The most that Postfix reads of a header, its fixed part included; also the smallest segment that every TCP bears."""


class Command(IntEnum):
    """Whose connection it is: the proxy's own (a health check) or one that it relays (section 2.2)."""

    LOCAL = 0x0
    PROXY = 0x1


class Family(IntEnum):
    """The upper half of the 14th byte (section 2.2)."""

    UNSPEC = 0x0
    INET = 0x1
    INET6 = 0x2
    UNIX = 0x3


class Transport(IntEnum):
    """The 14th byte, address family and transport protocol: the combinations that section 2.2 expects."""

    UNSPEC = 0x00
    TCP4 = 0x11
    UDP4 = 0x12
    TCP6 = 0x21
    UDP6 = 0x22
    UNIX_STREAM = 0x31
    UNIX_DGRAM = 0x32

    @property
    def family(self) -> Family:
        """The address family alone."""
        return _FAMILIES[self]


_FAMILIES = {transport: Family(transport >> 4) for transport in Transport}  # to call an enumeration takes longer


class Endpoint(NamedTuple):
    """One end of the relayed connection: an IP address and port, or the path of a UNIX socket and port 0.

    A path is decoded as ``os.fsdecode`` does it on Linux; one that begins with NUL is an abstract name (unix(7)).
    """

    address: str
    port: int = 0


class TlvType(IntEnum):
    """The registered types of vectors (section 2.2)."""

    ALPN = 0x01
    AUTHORITY = 0x02
    CRC32C = 0x03
    NOOP = 0x04
    UNIQUE_ID = 0x05
    SSL = 0x20
    NETNS = 0x30


class SslSubtype(IntEnum):
    """The registered types of vectors inside the SSL vector (section 2.2.6)."""

    VERSION = 0x21
    CN = 0x22
    CIPHER = 0x23
    SIG_ALG = 0x24
    KEY_ALG = 0x25
    GROUP = 0x26
    SIG_SCHEME = 0x27
    CLIENT_CERT = 0x28


class SslClient(IntFlag):
    """What the client presented: TLS, a certificate on this connection, one in this session (section 2.2.6)."""

    SSL = 0x01
    CERT_CONN = 0x02
    CERT_SESS = 0x04


@dataclass(frozen=True, slots=True)
class Tlv:
    """A type-length-value vector as it stands on the wire, of a registered, a custom or an unknown type."""

    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class SslTlv:
    """The SSL vector (section 2.2.6); ``verify`` is 0 when the client's certificate was verified."""

    type: ClassVar = TlvType.SSL

    client: SslClient
    verify: int
    tlvs: tuple[Tlv, ...] = ()


class ProxyHeader(NamedTuple):
    """One header, of version 1 or 2.

    ``source`` and ``destination`` are ``None`` where the connection's own ends count: LOCAL, and PROXY with UNSPEC.
    ``checksum`` says that the header carries a CRC32C: verified when it was decoded, computed when it is encoded; it
    does not appear among the ``tlvs``.
    """

    command: Command
    transport: Transport = Transport.UNSPEC
    source: Endpoint | None = None
    destination: Endpoint | None = None
    tlvs: tuple[Tlv | SslTlv, ...] = ()
    checksum: bool = False

    @classmethod
    def tcp(cls, source: str, source_port: int, destination: str, destination_port: int) -> Self:
        """Describe a relayed TCP connection; the family is that of ``source``."""
        return cls(
            Command.PROXY,
            Transport.TCP6 if ":" in source else Transport.TCP4,
            Endpoint(source, source_port),
            Endpoint(destination, destination_port),
        )


Decoded = tuple[ProxyHeader, int]
"""A header, and the number of bytes that it took."""


class HeaderFault(StrEnum):
    """What is wrong with a header; in Postfix's words (``haproxy read: ...``) where it has some."""

    SIGNATURE = "unrecognized protocol header"
    OVERSIZED = "header too long"
    # version 2
    VERSION = "unrecognized protocol version"
    COMMAND = "bad command in proxy header"
    FAMILY = "unknown address family or transport protocol"
    SHORT_ADDRESS = "short address field"
    TLV_TRUNCATED = "truncated TLV"
    TLV_LENGTH = "bad TLV length"
    TLV_DUPLICATE = "duplicate TLV"
    CHECKSUM = "CRC32C mismatch"
    # version 1
    LINE_END = "line not ended by CRLF"
    PROTOCOL = "bad or missing protocol type"
    FIELDS = "bad number of fields"
    ADDRESS = "bad or missing address"
    PORT = "bad or missing port"


class ProxyHeaderError(WireError):
    """The peer's header is not one that a receiver may accept."""

    def __init__(self, fault: HeaderFault, specifics: str, data: bytes) -> None:
        """Keep which fault it is, and the bytes that show it."""
        self.fault = fault
        reason = Reason.TOO_LARGE if fault is HeaderFault.OVERSIZED else Reason.MALFORMED
        super().__init__(reason, f"{fault}: {specifics}", data)


def parse_ip(address: str, family: Family) -> IPv4Address | IPv6Address:
    """Read an address of exactly this family.

    Raises:
        ValueError: It is none, or has a scope, which no header can carry.
    """
    if family is Family.INET:
        return IPv4Address(address)
    parsed = IPv6Address(address)
    if parsed.scope_id is not None:
        raise ValueError(f"{address!r} has a scope")
    return parsed
