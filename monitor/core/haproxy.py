"""HAProxy's view of its servers, as ``show servers state``, ``show stat`` and ``show info`` tell it."""

from dataclasses import dataclass
from enum import IntFlag, StrEnum

# pfSense names a backend by the frontend's address family as well.
_PFSENSE_SUFFIXES = ("_ipvANY", "_ipv4", "_ipv6")


class ServerState(StrEnum):
    """``srv_op_state`` by HAProxy's own names (``SRV_ST_*``): 0 STOPPED, 1 STARTING, 2 RUNNING, 3 STOPPING."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"

    @property
    def up(self) -> bool:
        """Whether HAProxy sends clients to a server in this state; a starting one gets some (slowstart)."""
        return self in {ServerState.RUNNING, ServerState.STARTING}


class AdminMode(StrEnum):
    """What an administrator wants of a server, in the words of ``set server … state [ ready | drain | maint ]``."""

    READY = "ready"
    DRAIN = "drain"
    MAINT = "maint"


class AdminState(IntFlag):
    """``srv_admin_state``: the bits of HAProxy's ``SRV_ADMF_*`` (include/haproxy/server-t.h).

    The management guide lists them all as maintenance or drain. Two are not: HAProxy's own masks, ``SRV_ADMF_MAINT``
    (0x23) and ``SRV_ADMF_DRAIN`` (0x18), leave them out, and a server that has them alone serves clients.
    """

    FMAINT = 0x01  # by hand
    IMAINT = 0x02  # inherited from a tracked server
    CMAINT = 0x04  # the configuration says ``disabled``; kept after ``set server … state ready`` has ended it
    FDRAIN = 0x08  # by hand
    IDRAIN = 0x10  # inherited from a tracked server
    RMAINT = 0x20  # its address does not resolve
    FQDN_CHANGED = 0x40  # its host name is another than the configuration's; never removed

    @property
    def mode(self) -> AdminMode:
        """The word for these bits; maintenance outweighs drain, as it does in HAProxy."""
        if self & (AdminState.FMAINT | AdminState.IMAINT | AdminState.RMAINT):
            return AdminMode.MAINT
        return AdminMode.DRAIN if self & (AdminState.FDRAIN | AdminState.IDRAIN) else AdminMode.READY


@dataclass(frozen=True, slots=True)
class Dropped:
    """The rows of one answer that could not be read: how many, and the first of them in words."""

    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HaproxyServer:
    """One line of ``show servers state`` (format 1). Absent columns are ``None``.

    ``fqdn`` is the host name and ``record`` the SRV record that its address comes from.
    """

    backend: str
    name: str
    address: str
    state: ServerState
    admin: AdminState
    weight: int
    since_change: int
    check_status: int
    check_result: int
    check_health: int
    check_state: int
    port: int | None = None
    check_port: int | None = None
    check_address: str | None = None
    fqdn: str | None = None
    record: str | None = None

    @property
    def resolved(self) -> bool:
        """Whether it has an address; a free slot of a ``server-template`` and a name without one have ``-``."""
        return self.address != "-"

    @property
    def taken_out(self) -> bool:
        """Whether an administrator sends no new clients to it: maintenance, drain, or weight 0."""
        return self.admin.mode is not AdminMode.READY or self.weight == 0

    @property
    def takes_clients(self) -> bool:
        """Whether HAProxy sends new clients to it."""
        return self.state.up and not self.taken_out

    @property
    def ever_checked(self) -> bool:
        """Whether a check has ended since start; check_status 0 is unknown, 1 is INI: ``RUNNING`` means nothing."""
        return self.check_status > 1

    @property
    def checks_enabled(self) -> bool:
        """Whether health checks run: bit 2 (ENABLED) of check_state set, bit 3 (PAUSED) not."""
        return bool(self.check_state & 0x04) and not self.check_state & 0x08


def same_backend(one: str, other: str) -> bool:
    """Whether two names are one backend's, where pfSense may have put its suffix behind either."""
    return one == other or any(other == one + suffix or one == other + suffix for suffix in _PFSENSE_SUFFIXES)


@dataclass(frozen=True, slots=True)
class HaproxyStat:
    """One row of ``show stat``: a frontend, a backend or a server; absent numbers are ``None``."""

    proxy: str
    name: str
    status: str
    current_sessions: int | None
    failed_checks: int | None
    last_change: int | None
    check_status: str
    last_check: str


@dataclass(frozen=True, slots=True)
class HaproxyInfo:
    """The fields of ``show info`` that mailpath uses; ``None`` where a line could not be read."""

    version: str | None
    uptime_seconds: int | None
    current_connections: int | None
    max_connections: int | None
    pid: int | None
