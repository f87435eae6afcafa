"""Passive proof: do real clients keep their addresses? Connections on PROXY listeners, as the mail log shows them.

When real clients lose their address they do not vanish: they come back as the edge. So the last ten minutes are held
against the hour before, by listener and over all of them:

* *gained*: what ``edge`` has more than usual, where usual is what came beside external clients. At least five, and
  three standard deviations of the usual, and a tenth of what comes from outside: one node of eight that rewrites
  addresses shows, the edge's own few mails do not.
* *fallen*: what ``external`` has less than usual. At least half of what the edge has gained: a burst of the edge's own
  mail takes nothing away from the others.
* Or, in place of a fall: nothing of ``external`` for an hour, and twenty of ``edge``. To what began in a quiet night
  the falling rule is blind by the morning, when the traffic comes.

By this arithmetic a listener with less than fifteen outside clients an hour is never judged by a fall: quiet nights say
nothing. Nor does the first hour. Internal clients and our own probes are neither, and never counted.

What was raised stays until ten minutes show five external clients and no more of the edge than usual, or until an hour
has passed without any of the edge. For an hour after that the usual includes the fault, and little can be gained on it.
"""

from dataclasses import dataclass, replace
from math import sqrt

from monitor.verdict.counting import MINUTE, Minutes

# In minutes. Ten hold enough connections of a small server, and are soon over; the hour before smooths most of a day's
# rise and fall.
WINDOW = 10
BEFORE = 60
# Of the edge in a window, beyond the usual: five, and for what is usual its chance (Poisson's: the root of the mean).
GAINED = 5
DEVIATIONS = 3
# The share of what comes from outside that must have become the edge's. Of eight nodes one is 0.125.
SHARE = 0.1
# What the external ones must have lost of what the edge has gained. All of it, but for chance.
FALLEN = 0.5
# Connections of the edge, and of nobody else, in an hour.
ALONE = 20

ALL_LISTENERS = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Real clients that are taken for the edge: counts of the last ``WINDOW`` minutes, and what is usual in so many.

    ``listener`` is a port, or ``ALL_LISTENERS``.
    """

    listener: int
    edge: int
    external: int
    usual_edge: float
    usual_external: float

    @property
    def gained(self) -> float:
        """How many more than usual came as the edge."""
        return self.edge - self.usual_edge

    @property
    def shown(self) -> float:
        """How many of the edge would show among what came from outside."""
        return SHARE * (self.edge + self.external)


class Traffic:
    """One listener's connections from outside, or all listeners' together; bounded by ``WINDOW`` and ``BEFORE``."""

    def __init__(self, listener: int) -> None:
        """Begin with nothing seen."""
        self._listener = listener
        self._edge = Minutes(WINDOW + BEFORE)
        self._external = Minutes(WINDOW + BEFORE)
        self._since: float | None = None
        self._usual_edge: float | None = None
        self._raised: Loss | None = None

    def add(self, now: float, *, edge: int, external: int) -> None:
        """Take in new connections; ``now`` is the event loop's clock."""
        if self._since is None:
            self._since = now
        self._edge.add(now, edge)
        self._external.add(now, external)
        self.loss(now)

    def loss(self, now: float) -> Loss | None:
        """Give the loss that goes on at ``now``, or ``None``."""
        if self._since is None or now - self._since < (WINDOW + BEFORE) * MINUTE:
            return None
        edge, external = self._edge.total(now, 0, WINDOW), self._external.total(now, 0, WINDOW)
        if self._raised is not None:
            seen = replace(self._raised, edge=edge, external=external)
            self._raised = None if self._ends(seen, now) else seen
            return self._raised
        if external:
            self._usual_edge = _usual(self._edge, now)
        if self._usual_edge is not None:
            seen = Loss(self._listener, edge, external, self._usual_edge, _usual(self._external, now))
            self._raised = seen if self._begins(seen, now) else None
        return self._raised

    def _begins(self, seen: Loss, now: float) -> bool:
        if seen.gained < max(GAINED + DEVIATIONS * sqrt(seen.usual_edge), seen.shown):
            return False
        alone = self._external.total(now, 0, BEFORE) == 0 and self._edge.total(now, 0, BEFORE) >= ALONE
        return alone or seen.usual_external - seen.external >= FALLEN * seen.gained

    def _ends(self, seen: Loss, now: float) -> bool:
        recovered = seen.external >= GAINED and seen.gained < seen.shown
        return recovered or self._edge.total(now, 0, BEFORE) == 0


def _usual(counted: Minutes, now: float) -> float:
    """Give how many a window held, on average, in the hour before this one."""
    return counted.total(now, WINDOW, WINDOW + BEFORE) * WINDOW / BEFORE
