"""Strangers' addresses, masked: who wrote a mail to whom is nobody's business who looks at a status page.

The house's own addresses stay readable: private and documentation networks, the edges and the nodes. What is masked
are addresses of the internet, to the network that an abuse desk would ask about: ``198.18.7.x``, ``2a01:4f8::x``.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address

from monitor.core.status import PathStatus

_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)"
# ``[IPv6:…]`` is how SMTP writes it (RFC 5321 section 4.1.3).
_IPV6 = r"(?:(?<![\w:.])|(?<=IPv6:))[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])"
_CANDIDATE = re.compile(f"{_IPV6}|{_IPV4}")


def masked(text: str, known: Collection[str] = ()) -> str:
    """Mask the addresses in a text that belong to the internet and are not among the ``known`` ones."""
    return _CANDIDATE.sub(lambda found: _masked(found[0], known), text)


def own_addresses(path: PathStatus) -> frozenset[str]:
    """Give the addresses of the house itself: what is watched, and whom our own connections claim to be."""
    found = {edge.address for edge in path.edges}
    for status in path.targets:
        found.add(status.address)
        found |= {proof.expected for proof in status.proofs}
    return frozenset(found)


def _masked(text: str, known: Collection[str]) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if str(address) in known or not _is_strange(address):
        return text
    if "." in text:
        return f"{text.rpartition('.')[0]}.x"
    return f"{':'.join(address.exploded.split(':')[:2])}::x"


def _is_strange(address: IPv4Address | IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_global
