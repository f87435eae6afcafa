"""A server on a host: started as the distribution starts it, stopped and frozen by its own process ids."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from tests.lab.host import Host, LabError
from tests.patience import stretched


class Server:
    """What all servers of the laboratory have in common."""

    process: ClassVar[str]
    """The kernel's name of its main process."""
    command: ClassVar[tuple[str, ...]]
    """Starts it in the background and returns when its sockets are open."""

    def __init__(self, host: Host) -> None:
        """Put it on a host; nothing runs before ``start``."""
        self.host = host
        self._frozen = False

    @property
    def running(self) -> bool:
        """Whether its main process lives."""
        return bool(self.host.tree(self.process))

    def start(self) -> None:
        """Start it, and return when it listens."""
        self.host.run(*self.command)

    def stop(self) -> None:
        """End it with all that it has started: its ports refuse."""
        self.thaw()
        family = self.host.tree(self.process)
        sessions = self.host.sessions(family)
        # Dovecot would take five seconds over young children; a killed one has only the machine to wait for.
        for number, patience in ((signal.SIGTERM, 1), (signal.SIGKILL, 20)):
            _send(number, family)
            if _ended(family, patience):
                _send(signal.SIGKILL, self.host.members(sessions))  # born while their parents were being ended
                return
        raise LabError(f"{self.process} does not end")

    def restart(self) -> None:
        """Stop it, and start it again."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop all its processes by SIGSTOP: the kernel goes on accepting connections, nobody answers."""
        self._frozen = True
        _send(signal.SIGSTOP, self.host.tree(self.process))

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._frozen:
            _send(signal.SIGCONT, self.host.tree(self.process))
            self._frozen = False

    def heal(self) -> None:
        """Take back every fault."""
        self.thaw()
        if not self.running:
            self.start()


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _ended(pids: Iterable[int], within: float) -> bool:
    deadline = time.monotonic() + stretched(within)
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
