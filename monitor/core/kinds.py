"""The kinds of probe, as judges and publishers know them: a name, and the facts on which they decide.

What a kind watches and how it asks is its own file's business, in ``monitor/probes``; nothing below that room switches
on a kind, it reads these facts.
"""

from enum import Enum, auto
from typing import Self


class Shown(Enum):
    """The part of a path's status that shows the targets of a kind."""

    CHECK = auto()
    """A healthcheck port: a note beside the handshake of the same node and service."""
    HANDSHAKE = auto()
    """A node's data port: a cell of the matrix, compared with what HAProxy believes of that server."""
    FRONT_DOOR = auto()
    """An edge's frontend, behind which a pool of servers answers in turn."""
    TARGET = auto()
    """Anything else that has a verdict: a row of the matrix under the kind's name."""
    APART = auto()
    """No verdict: an edge, the cluster, the mail log, a finding."""


class ProbeKind(str):
    """The name of a kind, as the ``probe`` label has it, with what is decided by it.

    ``leader_only`` says that of several replicas only the elected one probes; ``awaited`` that the daemon is not ready
    before the first probe run of each of its targets has ended; ``rare`` that ``mailpath check`` leaves it to the
    daemon, because each probe run shows in the server's log. ``shown`` is where its targets stand.
    """

    __slots__ = ("awaited", "leader_only", "rare", "shown")

    awaited: bool
    leader_only: bool
    rare: bool
    shown: Shown

    def __new__(
        cls,
        name: str,
        *,
        shown: Shown = Shown.TARGET,
        leader_only: bool = True,
        awaited: bool = False,
        rare: bool = False,
    ) -> Self:
        """Make a kind; by default it is treated as a handshake is, and shown in rows of its own."""
        kind = super().__new__(cls, name)
        kind.shown, kind.leader_only, kind.awaited, kind.rare = shown, leader_only, awaited, rare
        return kind


# Those that observations of core name; every other kind stands in its own file of ``monitor/probes``.
HAPROXY = ProbeKind("haproxy", shown=Shown.APART, leader_only=False, awaited=True)
EDGE = ProbeKind("edge", shown=Shown.APART, leader_only=False)
MAILLOG = ProbeKind("maillog", shown=Shown.APART, leader_only=False)
KUBERNETES = ProbeKind("kubernetes", shown=Shown.APART, leader_only=False)
