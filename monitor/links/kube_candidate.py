"""One candidate for a Lease: what it has seen of it, whether it leads, and what it would write. Pure.

Everything is decided on the candidate's own monotonic clock (``now``). The wall clock is written into the Lease for
people to read, and compared with nothing: replicas' clocks differ.

Why two never lead at once: a leader's time counts from the moment *before* its last renewal was sent, and ends after
``renew_deadline``. Another candidate has seen that renewal later than it was sent, and waits the whole ``duration``
from then on, which is longer. Whoever writes over something newer than it has read is refused (409).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Seconds, with the values of Kubernetes' own components; ``retry_period < renew_deadline < duration``.

    The API keeps ``duration`` in whole seconds.
    """

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0


class Candidate:
    """A candidate of this ``identity``, which no other has."""

    def __init__(self, name: str, identity: str, timing: LeaseTiming) -> None:
        """Know nothing of the Lease ``name`` yet, and do not lead."""
        self._name = name
        self._identity = identity
        self._timing = timing
        self._leads_until = -math.inf
        self._document: Document | None = None
        self._spec: Document = {}
        self._changed = -math.inf

    @property
    def leads_until(self) -> float:
        """When leading ends unless the Lease is renewed before; in the past, or never, where this one does not lead."""
        return self._leads_until

    def leads(self, now: float) -> bool:
        """Tell whether this one leads: by the clock, so that a process that was frozen knows at its first glance."""
        return now < self._leads_until

    def saw(self, document: Document | None, now: float) -> None:
        """Take in the Lease as it was read at ``now``; ``None``: there is none."""
        self._document = document
        if document is not None:
            spec = _spec(document)
            if spec != self._spec:
                self._spec, self._changed = spec, now
        if document is None or not self._mine:
            self.lost()

    def claim(self, now: float, wall: float) -> Document | None:
        """Give the Lease to write in order to lead, or to lead on; ``None``: another one's time is not over.

        A Lease that was deleted still binds us as long as its holder may believe in it.
        """
        if self._held_by_another(now):
            return None
        time = micro_time(wall)
        spec = {**self._spec, "holderIdentity": self._identity, "renewTime": time}
        spec["leaseDurationSeconds"] = math.ceil(self._timing.duration)
        if self._document is None:
            spec |= {"acquireTime": time, "leaseTransitions": 0}
        elif not self._mine:
            spec |= {"acquireTime": time, "leaseTransitions": _whole(self._spec, "leaseTransitions", 0) + 1}
        return self._with(spec)

    def wrote(self, document: Document, began: float) -> None:
        """Take in the Lease as the API keeps it since our write, which was sent at ``began``."""
        self.saw(document, began)
        if self._mine:
            self._leads_until = began + self._timing.renew_deadline

    def lost(self) -> None:
        """Lead no more."""
        self._leads_until = -math.inf

    def surrender(self, wall: float) -> Document | None:
        """Give the Lease to write so that another one may lead at once; ``None``: it is not ours."""
        if self._document is None or not self._mine:
            return None
        return self._with({**self._spec, "holderIdentity": "", "renewTime": micro_time(wall)})

    @property
    def _mine(self) -> bool:
        return self._spec.get("holderIdentity") == self._identity

    def _held_by_another(self, now: float) -> bool:
        if self._mine or not self._spec.get("holderIdentity"):
            return False
        # the holder stops by its own measure, which may be an older configuration's
        return now < self._changed + _whole(self._spec, "leaseDurationSeconds", math.ceil(self._timing.duration))

    def _with(self, spec: Document) -> Document:
        new = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
        return {**(self._document or new), "spec": spec}


def micro_time(wall: float) -> str:
    """Write seconds since the epoch as Kubernetes' MicroTime: RFC 3339 in UTC, always six digits."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _spec(document: Document) -> Document:
    spec = document.get("spec")
    return spec if isinstance(spec, dict) else {}


def _whole(spec: Document, key: str, default: int) -> int:
    value = spec.get(key)
    return value if isinstance(value, int) and value > 0 else default
