"""The mail log of the runbook's path, fed with lines of a mail log as Postfix and Dovecot write them."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from monitor.core.model import Node
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.verdict.mail_log import MailLog
from monitor.verdict.origins import OriginNetworks
from monitor.verdict.plan import PathPlan
from monitor.wire.maillog import MaillogParser
from tests.verdict import build
from tests.verdict.build import EDGE, NODES

NODE, OTHER_NODE = (node.address for node in NODES)
POD = "10.244.1.7"
CLAIMED, DOOR = "192.0.2.77", "10.0.20.50"
OUTSIDE, INSIDE = "77.32.148.26", "10.0.20.33"
HEAD = "2026-11-22T08:25:33.782348+00:00 mail "

NETWORKS = OriginNetworks(
    probes=frozenset({CLAIMED, DOOR}),
    edge=(ipaddress.ip_network(EDGE.address),),
    cluster=(ipaddress.ip_network("10.244.0.0/16"),),
    internal=tuple(ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "fc00::/7")),
)


class Log(MailLog):
    """The mail log of a path, as its book reads it."""

    def read(self, batch: MaillogBatch) -> MaillogCounts:
        """Name, count and remember the lines of a batch."""
        counts = self.count(batch, self.name(batch.records))
        self.state.record(batch, counts)
        return counts


def path(
    nodes: Iterable[str] = (NODE, OTHER_NODE),
    *,
    networks: OriginNetworks = NETWORKS,
    destinations: Iterable[str] = (EDGE.address,),
    claims: Mapping[str, int] = MappingProxyType({}),
) -> PathPlan:
    """Plan a path for its log alone."""
    plan = replace(build.plan(), nodes=tuple(Node(address, address) for address in nodes), networks=networks)
    return replace(plan, claims=claims, destinations=frozenset(destinations))


def log(nodes: Iterable[str] = (NODE, OTHER_NODE)) -> Log:
    """A fresh log."""
    return Log(path(nodes))


def batch(*messages: str, now: float = 0.0) -> MaillogBatch:
    """Read messages, each from its program on."""
    block = "".join(f"{HEAD}{message}\n" for message in messages)
    records = tuple(MaillogParser().feed(block.encode()))
    return MaillogBatch("home", "file", now, 1_000_000.0 + now, records=records, lines=len(messages))


def counted(*messages: str, now: float = 0.0) -> MaillogCounts:
    """Count messages of a fresh log."""
    return log().read(batch(*messages, now=now))


def postscreen(address: str, port: int = 40001, *, proxied: bool = True) -> tuple[str, ...]:
    """A whole session on port 25: postscreen first, then the stock smtpd that it is passed to."""
    program, to = (
        ("postfix/smtpd-proxy25/postscreen[14109]", EDGE.address) if proxied else ("postfix/postscreen[7]", POD)
    )
    return (
        f"{program}: CONNECT from [{address}]:{port} to [{to}]:25",
        f"{program}: PASS NEW [{address}]:{port}",
        f"postfix/smtpd[14110]: connect from unknown[{address}]",
        f"postfix/smtpd[14110]: disconnect from unknown[{address}] ehlo=1 quit=1 commands=2",
    )


def smtpd(address: str, listener: str = "smtpd-proxy587", pid: int = 14115) -> tuple[str, ...]:
    """A whole session of an smtpd that clients reach without postscreen."""
    program = f"postfix/{listener}/smtpd[{pid}]"
    return (
        f"{program}: connect from unknown[{address}]",
        f"{program}: disconnect from unknown[{address}] ehlo=1 quit=1 commands=2",
    )


def dovecot(address: str, lip: str = EDGE.address) -> tuple[str, ...]:
    """The one line of an IMAP session."""
    left = "Disconnected: Aborted login by logging out (no auth attempts in 0 secs)"
    return (f"dovecot: imap-login: {left}: user=<>, rip={address}, lip={lip}, TLS, session=<P9FZT9lgpZzAAAJN>",)
