"""Who a probe claims to be: the PROXY header that it sends in HAProxy's place."""

from typing import NamedTuple

from monitor.core.conversation import Endpoints
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2


class Claim(NamedTuple):
    """What the header says: who the client is, and where it seems to have connected, the edge's frontend."""

    client_address: str
    destination: tuple[str, int]

    def header(self, endpoints: Endpoints) -> bytes:
        """Write the header. Our socket's own port makes the claimed source unique: postscreen and Dovecot log it."""
        return encode_v2(ProxyHeader.tcp(self.client_address, endpoints.local_port, *self.destination))
