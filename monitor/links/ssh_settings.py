"""How an edge is reached over SSH: what the link and its session both need to know."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SshSettings:
    """How to reach an edge; times in seconds.

    ``timeout`` covers TCP, key exchange and authentication together. A connection whose peer has answered nothing for
    ``keepalive_interval`` times ``keepalive_count_max`` + 1 is given up.
    """

    host: str
    user: str
    key_file: Path
    known_hosts_file: Path
    port: int = 22
    timeout: float = 10.0
    keepalive_interval: float = 15.0
    keepalive_count_max: int = 3

    def __str__(self) -> str:
        """The account and host, as errors name them: ``admin@10.0.20.1:22``."""
        return f"{self.user}@{self.host}:{self.port}"
