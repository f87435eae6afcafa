"""The embedded mail path: real protocols, simulated servers, in one process on loopback.

Law: uses wire and links; nothing imports it but cli; the daemon does not know that it is watching a demo.
"""

from monitor.demo.command import main

__all__ = ["main"]
