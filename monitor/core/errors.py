"""Errors say whose fault it is, and therefore what happens next.

The operator's (``ConfigError``), the network's (``LinkError``) or the peer's (``WireError``). Anything else that is
raised is a bug of mailpath: caught at one place in the engine, logged with its traceback, counted, and survived.
"""

from dataclasses import dataclass

from monitor.core.taxonomy import Reason

KEPT_BYTES = 512


class MailpathError(Exception):
    """The base of every error that mailpath raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a configuration: where it stands and what was expected instead."""

    place: str
    message: str

    def __str__(self) -> str:
        """Return the line that a person reads: ``mailpath.yml:12: paths[0].tls.server_name: …``."""
        return f"{self.place}: {self.message}"


class ConfigError(MailpathError):
    """The operator's configuration is wrong; carries every fault found, not just the first."""

    def __init__(self, *faults: Fault) -> None:
        """Collect the faults, in the order of the file."""
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class LinkError(MailpathError):
    """The network, the host in between or our own kernel let us down; the peer has said nothing wrong."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Keep the reason from the closed set and the system's own words."""
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


class WireError(MailpathError):
    """The peer spoke wrongly; keeps the (first) bytes that show it."""

    def __init__(self, reason: Reason, detail: str = "", data: bytes = b"") -> None:
        """Keep the reason from the closed set, a sentence, and at most ``KEPT_BYTES`` of what the peer sent."""
        self.reason = reason
        self.detail = detail
        self.data = data[:KEPT_BYTES]
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
