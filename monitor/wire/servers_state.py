"""``show servers state`` (management guide, section 9.3), format 1: by header line and column name."""

from monitor.core.errors import WireError
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.taxonomy import Reason

_STATES = (ServerState.STOPPED, ServerState.STARTING, ServerState.RUNNING, ServerState.STOPPING)
_SUFFIXES = ("", "_ipvANY", "_ipv4", "_ipv6")


def parse_servers_state(text: str) -> tuple[HaproxyServer, ...]:
    """Read all servers."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or lines[0].strip() != "1" or not lines[1].startswith("# "):
        raise WireError(Reason.MALFORMED, "not the output of show servers state, format 1")
    columns = {name: place for place, name in enumerate(lines[1][2:].split())}
    try:
        return tuple(_server(columns, line.split()) for line in lines[2:])
    except (KeyError, IndexError, ValueError) as error:
        raise WireError(Reason.MALFORMED, f"show servers state: {error!r}") from error


def backend_matches(configured: str, seen: str) -> bool:
    """Tell whether a backend is meant, with or without pfSense's suffix."""
    return any(configured + suffix == seen for suffix in _SUFFIXES)


def _server(columns: dict[str, int], row: list[str]) -> HaproxyServer:
    def number(name: str) -> int:
        return int(row[columns[name]])

    def port(name: str) -> int | None:
        place = columns.get(name)
        return int(row[place]) if place is not None and row[place] != "-" else None

    return HaproxyServer(
        backend=row[columns["be_name"]],
        name=row[columns["srv_name"]],
        address=row[columns["srv_addr"]],
        state=_STATES[number("srv_op_state")],
        admin=AdminState(number("srv_admin_state")),
        weight=number("srv_uweight"),
        since_change=number("srv_time_since_last_change"),
        check_status=number("srv_check_status"),
        check_result=number("srv_check_result"),
        check_health=number("srv_check_health"),
        check_state=number("srv_check_state"),
        port=port("srv_port"),
        check_port=port("srv_check_port"),
    )
