"""Whether the address under which a message was taken in is its sender's own."""

import ipaddress
from collections.abc import Callable, Collection, Iterable

from monitor.core.verdicts import Origin
from monitor.verdict.origins import Network, Origins


def sent_from_outside(origins: Origins, nodes: Collection[str]) -> Callable[[str, str], bool]:
    """Give the judge of what somebody on the internet has sent: any address of the house is a lost client IP."""

    def judge(recorded: str, _own: str) -> bool:
        return recorded not in nodes and origins.of(recorded) is Origin.EXTERNAL

    return judge


def sent_by_ourselves(origins: Origins, seen_as: Iterable[Network]) -> Callable[[str, str], bool | None]:
    """Give the judge of what we have sent: our own address, or one within ``seen_as``, is right, the edge's is wrong.

    Any other can be source NAT's, which nothing here can tell: ``None``.
    """
    rightly = tuple(seen_as)

    def judge(recorded: str, own: str) -> bool | None:
        address = ipaddress.ip_address(recorded)
        if recorded == own or any(address in network for network in rightly if network.version == address.version):
            return True
        return False if origins.of(recorded) is Origin.EDGE else None

    return judge
