"""The answers of one socat call, taken apart."""

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.servers_state import parse_servers_state


def parse_answer(output: bytes) -> tuple[tuple[HaproxyServer, ...], tuple[HaproxyStat, ...], HaproxyInfo | None]:
    """Read the three answers."""
    parts = output.decode("utf-8", "replace").split("\n\n")
    if len(parts) < 3:
        raise WireError(Reason.MALFORMED, "an answer is missing", output)
    return parse_servers_state(parts[0]), (), None
