"""Programs started for a test: each in a log of its own, ended by its own process id, and with us however we end."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.patience import stretched

# The kernel ends it together with us, however we end: with the thread that started it, to be exact, so that it is
# always the same one, which lives as long as we do (PR_SET_PDEATHSIG in prctl(2)).
WITH_US = ("setpriv", "--pdeathsig", "KILL")
_STARTER = ThreadPoolExecutor(max_workers=1)


class Process:
    """One program that runs in the background."""

    def __init__(self, command: Sequence[str], log: Path, answers: Callable[[], bool]) -> None:
        """Start nothing yet; ``answers`` tells whether it serves."""
        self._command = list(command)
        self._log = log
        self._answers = answers
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The program's own name."""
        return Path(self._command[0]).name

    def start(self, within: float = 60.0) -> None:
        """Start it, and return when it serves."""
        with self._log.open("ab") as log:
            command = [*WITH_US, *self._command]
            self._running = _STARTER.submit(subprocess.Popen, command, stdout=log, stderr=log).result()
        deadline = time.monotonic() + stretched(within)
        while not self._answers():
            if self._running.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} does not serve; its last words:\n{self._last_words()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def freeze(self) -> None:
        """Let it stand still: the kernel accepts connections for it, nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(number)

    def _last_words(self) -> str:
        return self._log.read_bytes()[-4000:].decode(errors="replace")
