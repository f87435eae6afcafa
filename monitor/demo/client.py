"""Who a mail server believes its client to be."""

from typing import NamedTuple


class Client(NamedTuple):
    """A client and where it seems to have connected, by the PROXY header or by the TCP connection itself."""

    address: str
    port: int
    local_address: str
    local_port: int

    def __str__(self) -> str:
        """Write it as smtpd does, which finds no name for any of these addresses."""
        return f"unknown[{self.address}]"

    @property
    def source(self) -> str:
        """Write the client as postscreen does."""
        return f"[{self.address}]:{self.port}"

    @property
    def destination(self) -> str:
        """Write the destination as postscreen does."""
        return f"[{self.local_address}]:{self.local_port}"
