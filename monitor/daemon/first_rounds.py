"""Which rounds are waited for before the daemon is ready: the first one of each check and of each edge."""

from collections.abc import Iterable

from monitor.core.model import Target
from monitor.probes.watch import key_of


class FirstRounds:
    """The keys of jobs whose first round has not ended yet."""

    __slots__ = ("_awaited",)

    def __init__(self) -> None:
        """Begin before it is known what there is to wait for."""
        self._awaited: set[str] | None = None

    def known(self) -> bool:
        """Tell whether it has been said what to wait for."""
        return self._awaited is not None

    def over(self) -> bool:
        """Tell whether all of them have ended, in success or failure."""
        return self._awaited is not None and not self._awaited

    def wait_for(self, keys: Iterable[str]) -> None:
        """Wait for these, and for no others."""
        self._awaited = set(keys)

    def ended(self, target: Target) -> None:
        """Note the end of a round, first or not."""
        if self._awaited:
            self._awaited.discard(key_of(target))
            if not self._awaited:
                self._awaited = set()  # an emptied one keeps the room of the thousands that were in it
