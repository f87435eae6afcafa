"""Who a probe claims to be: the PROXY header that it sends in HAProxy's place."""

from monitor.core.conversation import Endpoints
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import around_source_port


class Claim:
    """What the header says: who the client is, and where it seems to have connected, the edge's frontend."""

    __slots__ = ("_after", "_before", "client_address", "destination")

    def __init__(self, client_address: str, destination: tuple[str, int]) -> None:
        """Take both. The header is made once but for its source port.

        Raises:
            ValueError: They are not of one address family.
        """
        self.client_address = client_address
        self.destination = destination
        self._before, self._after = around_source_port(ProxyHeader.tcp(client_address, 0, *destination))

    def header(self, endpoints: Endpoints) -> bytes:
        """Write the header. Our socket's own port makes the claimed source unique: postscreen and Dovecot log it."""
        return self._before + endpoints.local_port.to_bytes(2, "big") + self._after
