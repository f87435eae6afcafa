"""The shipped kinds of probe by name, wherever they are at home."""

from monitor.core.kinds import EDGE, HAPROXY, KUBERNETES, MAILLOG, ProbeKind, Shown
from monitor.probes.check import KIND as CHECK
from monitor.probes.front_door import KIND as FRONT_DOOR
from monitor.probes.handshake import KIND as HANDSHAKE
from monitor.probes.header_on_check import KIND as HEADER_ON_CHECK
from monitor.probes.ipv6_header import KIND as IPV6_HEADER
from monitor.probes.no_header import KIND as NO_HEADER
from monitor.probes.relay_canary import KIND as RELAY_CANARY

__all__ = [
    "CHECK",
    "EDGE",
    "FRONT_DOOR",
    "HANDSHAKE",
    "HAPROXY",
    "HEADER_ON_CHECK",
    "IPV6_HEADER",
    "KUBERNETES",
    "MAILLOG",
    "NO_HEADER",
    "RELAY_CANARY",
    "ProbeKind",
    "Shown",
]
