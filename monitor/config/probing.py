"""How targets are probed: checks, handshakes and front doors, with the shipped values. Times are seconds."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from monitor.config.values import Address, Count, Duration, HostName, Network, doc

# `/probe` runs a target at most this often, and never sooner after any other round of it.
_ON_DEMAND_INTERVAL = 10.0


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The healthcheck NodePorts of every node, by a TCP connect."""

    interval: Annotated[Duration, doc("Time between two probes of a target.")] = 5.0
    timeout: Annotated[Duration, doc("Time after which a probe has failed; may exceed the interval.")] = 3.0
    rise: Annotated[Count, doc("Successes in a row that make a target up.")] = 2
    fall: Annotated[Count, doc("Failures in a row that make a target down.")] = 3
    mode: Annotated[
        Literal["silent", "connect"],
        doc("silent: as HAProxy on Linux, the mail server logs nothing; connect: a whole handshake of TCP."),
    ] = "silent"


class DialogueSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What handshakes and front doors have in common: a mail dialogue to its clean end."""

    interval: Annotated[Duration, doc("Time between two probes of a target.")] = 60.0
    fast_interval: Annotated[Duration, doc("The same while a target's last result contradicts its state.")] = 10.0
    timeout: Annotated[Duration, doc("Time for a whole probe; postscreen alone may take six seconds.")] = 20.0
    rise: Annotated[Count, doc("Successes in a row that make a target up.")] = 1
    fall: Annotated[Count, doc("Failures in a row that make a target down.")] = 2
    slow_after: Annotated[
        Duration, doc("A success that takes longer is slow; postscreen's greet wait never counts.")
    ] = 5.0

    @property
    def on_demand_interval(self) -> float:
        """Seconds that must lie between any round of a target and one asked for by ``/probe``."""
        return max(_ON_DEMAND_INTERVAL, self.fast_interval)


class HandshakeSettings(DialogueSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data NodePorts of every node: PROXY v2 header, then the service's own dialogue to its clean end."""

    client_network: Annotated[
        Network, doc("Each target claims one of these client addresses; a documentation network (RFC 5737).")
    ] = "192.0.2.0/24"
    client_network_v6: Annotated[
        Network, doc("The same where the path speaks IPv6; a documentation network (RFC 3849).")
    ] = "2001:db8:25::/64"
    helo: Annotated[HostName, doc("The name that EHLO gives; appears in the mail log.")] = "mailpath.invalid"
    client_ip_proof: Annotated[
        tuple[Literal["reply", "log"], ...],
        doc("Which evidence of the client IP is sought: in the server's reply, in the mail log."),
    ] = ("reply", "log")
    reply_interval: Annotated[
        Duration, doc("Time between two reply proofs of a target; each leaves one reject line in the mail log.")
    ] = 600.0
    negative_interval: Annotated[
        Duration, doc("Time between two probes of what must be refused; one relay canary per path.")
    ] = 3600.0
    header_negatives: Annotated[
        bool, doc("Also probe a data port without a header and a healthcheck port with one.")
    ] = False
    client_rate_limit: Annotated[
        Count | None,
        doc("Connections a minute that the server itself allows one client address (anvil); null: no limit."),
    ] = 10
    transcripts: Annotated[
        int, doc("Number of transcripts of failed probes kept in memory."), Meta(ge=0, le=10_000)
    ] = 20


class FrontDoorSettings(DialogueSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The edge's own frontends, spoken to as any client would, without a header."""

    source_address: Annotated[Address | None, doc("Source address of the connections; null: the kernel's choice.")] = (
        None
    )
    seen_as: Annotated[
        tuple[Network, ...], doc("Networks from which the server may see these connections (source NAT on the way).")
    ] = ()
    reply_proof: Annotated[
        bool, doc("Also ask for a reply that names the client; it logs a reject under an internal host name.")
    ] = False
