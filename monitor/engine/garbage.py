"""The search for garbage, kept short: the interpreter stands still for it, a third of a second among a million objects.

Nearly all that a daemon of many targets holds stays as long as it runs, and what it drops is freed at once by its count
of references; only cycles need a search. So what has survived a search of everything that took long is not searched
again (``gc.freeze``), until a reload may have dropped some of it. A small daemon never comes to that.
"""

import gc
import time

# Seconds. A search that is shorter delays nothing that matters.
LONG = 0.02
_EVERYTHING = 2  # the oldest generation


class Garbage:
    """Watches the interpreter's searches."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._began = 0.0
        self._frozen = False

    def start(self) -> None:
        """Begin to watch."""
        gc.callbacks.append(self._searched)

    def stop(self) -> None:
        """Watch no more; all is searched again."""
        if self._searched in gc.callbacks:
            gc.callbacks.remove(self._searched)
        self.thaw()

    def thaw(self) -> None:
        """Let the next search of everything see everything: much may have been dropped."""
        if self._frozen:
            self._frozen = False
            gc.unfreeze()

    def _searched(self, phase: str, found: dict[str, int]) -> None:
        if found["generation"] != _EVERYTHING:
            return
        if phase == "start":
            self._began = time.monotonic()
        elif time.monotonic() - self._began >= LONG:
            self._frozen = True
            gc.freeze()
