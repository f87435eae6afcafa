"""The TCP ports on which somebody listens: ``ss -ltn``, or the kernel's own tables where there is no such program.

Listeners on loopback are left out: nobody comes to them from outside.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

# State, Recv-Q, Send-Q, Local Address:Port (iproute2; the zone of an address after %)
_SS = re.compile(r"LISTEN\s+\d+\s+\d+\s+(\S+):(\d{1,5})(?:\s|$)")
# proc(5), /proc/net/tcp: "sl local_address rem_address st"; 0A is TCP_LISTEN
_PROC = re.compile(r"\s*\d+:\s+([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})\s+[0-9A-F]+:[0-9A-F]{4}\s+0A(?:\s|$)")


def listening_ports(text: str) -> frozenset[int]:
    """Read the output of ``ss -ltn``, with or without its heading."""
    rows = (_SS.match(line) for line in text.splitlines())
    return frozenset(int(row[2]) for row in rows if row is not None and not _loopback(row[1]))


def proc_ports(text: str) -> frozenset[int]:
    """Read ``/proc/net/tcp`` and ``/proc/net/tcp6``, one after the other or alone."""
    rows: Iterable[re.Match[str] | None] = (_PROC.match(line) for line in text.splitlines())
    return frozenset(int(row[2], 16) for row in rows if row is not None and not _address(row[1]).is_loopback)


def _loopback(text: str) -> bool:
    bare = text.partition("%")[0].strip("[]")
    try:
        address = ip_address(bare)
    except ValueError:
        return False  # "*", "0.0.0.0" and whatever else stands for every address
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _address(digits: str) -> IPv4Address | IPv6Address:
    """Read an address as the kernel prints it: words of four bytes, each in the host's own order, little-endian."""
    octets = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    address = ip_address(octets)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
