"""What the web server needs of the daemon: one small object, so that each can be tested without the other."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from monitor.core.maintenance import Maintenance
from monitor.core.observations import Observation
from monitor.core.roundtrip import Roundtrip
from monitor.core.status import PathStatus
from monitor.publish.journal import Journal


class Backend(Protocol):
    """The daemon, as the web server sees it."""

    @property
    def journal(self) -> Journal:
        """What is remembered beyond the present moment."""

    def statuses(self) -> Sequence[PathStatus]:
        """Give everything known about every path, now."""

    def each_status(self) -> Iterator[PathStatus]:
        """Give the same path by path, each at the moment when it is asked for."""

    def ailment(self) -> str:
        """Say in a sentence why the daemon itself does not do its work any more; ``""``: it does."""

    def ready(self) -> bool:
        """Tell whether the first check and haproxy rounds have ended, in success or failure."""

    def config_text(self) -> str:
        """Give the running configuration as YAML, its secrets hidden."""

    async def reload(self) -> None:
        """Load the configuration again.

        Raises:
            ConfigError: It is faulty; the old one stays in force.
        """

    def roundtrip(self, result: Roundtrip) -> None:
        """Take in the result of a roundtrip; only on paths in ``statuses``."""

    def maintenance(self, announced: Maintenance) -> None:
        """Take in that there is work on a path, or that it has ended; only on paths in ``statuses``."""

    async def probe(self, path: str, node: str, service: str, probe: str = "") -> Observation:
        """Do a handshake now (at a front door, where ``node`` is an edge's name); only for targets in ``statuses``.

        ``probe`` names the kind where several share a node and service; empty: the first of them.

        Raises:
            LookupError: It cannot be done here and now; says why.
        """
