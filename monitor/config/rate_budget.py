"""The server's own rate limit (Postfix's anvil, ``smtpd_client_connection_rate_limit``), kept by arithmetic.

anvil counts connections per service and client address in 60 s (``anvil_rate_time_unit``) and refuses above the limit;
then the path looks broken because we looked. So the most that a configuration can ever do from one address must stay
below ``client_rate_limit``. Rounds at least ``gap`` apart begin at most ``60 s / gap + 1`` times in 60 s, both ends
included. A restart or reload falls in between, and the first round then comes at once. A round that ``/probe`` asks for
keeps its distance (``on_demand_interval``) and so is one of these. Dovecot has no such limit.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from monitor.config.faults import Complaint
from monitor.config.probing import DialogueSettings
from monitor.config.settings import PathSettings
from monitor.config.values import render_duration

_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class _Account:
    """What connects to one listener from one address: targets that share it, and a path's negative probes.

    ``restart`` is how many rounds of a target one restart adds.
    """

    targets: int
    restart: int
    negatives: int = 0

    def connections(self, gap: float) -> int:
        """Return the most connections in any window."""
        return self.targets * (_rounds(gap) + self.restart) + self.negatives

    def least_gap(self, limit: int) -> float | None:
        """Return the least gap, in whole seconds, that stays below the limit; ``None``: no gap does."""
        rounds = (limit - 1 - self.negatives) // self.targets - self.restart
        return None if rounds < 1 else math.floor(_WINDOW / rounds) + 1.0

    def sum(self, gap: float) -> str:
        """Write the arithmetic down."""
        rounds = f"{_rounds(gap)} rounds {render_duration(gap)} apart + {self.restart} around a restart"
        shared = rounds if self.targets == 1 else f"{self.targets} x ({rounds})"
        return f"{shared} + {self.negatives} negative" if self.negatives else shared


class _Pace(NamedTuple):
    """The key that sets the pace, the least gap between two rounds, and how many gaps the key's value is long."""

    place: str
    gap: float
    gaps: int = 1


def complaints(path: PathSettings, place: str) -> Iterator[Complaint]:
    """Refuse what could reach ``client_rate_limit``, with the arithmetic and the least interval that could not."""
    limit = path.handshakes.client_rate_limit
    if limit is None or all(service.protocol.speaks_imap for service in path.services):
        return
    rests_on = _keys(f"{place}.handshakes", "client_rate_limit", "negative_interval")
    canaries = _rounds(path.handshakes.negative_interval)
    handshakes = _Account(targets=1, restart=1, negatives=canaries)
    yield from _dialogues(path.handshakes, handshakes, limit, f"{place}.handshakes", rests_on)
    if path.edges:
        # All edges lead to the same listeners, and every front door is seen under our one address of its family.
        families = Counter(":" in edge.address for edge in path.edges)
        front_doors = _Account(targets=max(families.values()), restart=1)
        addresses = tuple(f"{place}.edges[{index}].address" for index in range(len(path.edges)))
        yield from _dialogues(path.front_door, front_doors, limit, f"{place}.front_door", (*rests_on, *addresses))
    yield from _checks(path, limit, f"{place}.checks", rests_on)


def _dialogues(
    settings: DialogueSettings, account: _Account, limit: int, block: str, rests_on: tuple[str, ...]
) -> Iterator[Complaint]:
    rests_on = (*rests_on, *_keys(block, "interval", "fast_interval"))
    # From a fast round a target returns to its grid, after half an interval at the soonest.
    half = settings.interval / 2
    if settings.fast_interval <= half:
        pace = _Pace(f"{block}.fast_interval", settings.fast_interval)
    else:
        pace = _Pace(f"{block}.interval", half, 2)
    yield from _over(account, pace, limit, rests_on)


def _checks(path: PathSettings, limit: int, block: str, rests_on: tuple[str, ...]) -> Iterator[Complaint]:
    """Through a NodePort every check is seen under the node's own address; a silent one is not seen at all."""
    sharing = Counter(
        service.check_listener_port
        for service in path.services
        if service.check_node_port is not None and not service.protocol.speaks_imap
    )
    if path.checks.mode == "silent" or not sharing:
        return
    negatives = _rounds(path.handshakes.negative_interval) if path.handshakes.header_negatives else 0
    # The grid's next slot may follow the first round of a start after half an interval: one more.
    account = _Account(targets=max(sharing.values()), restart=2, negatives=negatives)
    yield from _over(account, _Pace(f"{block}.interval", path.checks.interval), limit, (*rests_on, f"{block}.mode"))


def _over(account: _Account, pace: _Pace, limit: int, rests_on: tuple[str, ...]) -> Iterator[Complaint]:
    connections = account.connections(pace.gap)
    if connections < limit:
        return
    remedies = []
    least = account.least_gap(limit)
    if least is not None:
        key = pace.place.rpartition(".")[2]
        remedies.append(f"take {key} {render_duration(pace.gaps * least)} or longer")
    if account.negatives > 1:
        remedies.append(f"take a negative_interval beyond {render_duration(_WINDOW)}")
    remedies.append(
        f"set handshakes.client_rate_limit to {connections + 1} or more, if the server itself allows as many "
        "(null: no limit)"
    )
    yield Complaint(
        pace.place,
        f"up to {connections} connections a minute from one client address ({account.sum(pace.gap)}) are not below "
        f"client_rate_limit {limit}: {', or '.join(remedies)}",
        rests_on,
    )


def _keys(block: str, *keys: str) -> tuple[str, ...]:
    return tuple(f"{block}.{key}" for key in keys)


def _rounds(gap: float) -> int:
    return math.floor(_WINDOW / gap) + 1
