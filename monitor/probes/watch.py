"""What a kind of probe gives the runner: a watch for each of its targets, with probe, schedule and measure."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation, Span
from monitor.core.proof import Ask
from monitor.engine.cadence import FIRST_ROUND_WITHIN, Cadence, phase_of
from monitor.links.connector import Connector, ConnectResult, Done
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.links.tls import TlsClient
from monitor.verdict.plan import Measure, NegativePlan, TargetPlan


class Probe(Protocol):
    """What every probe is; two of equal ``settings`` over the same link do the same."""

    target: Target
    settings: Any

    async def run(self, ask: Ask, /) -> Any:  # noqa: ANN401 - each probe's own result, for its judge alone
        """Do one probe run of I/O, and leave behind what was asked for."""

    def judge(self, result: Any, span: Span, /) -> AnyObservation:  # noqa: ANN401 - see run
        """Judge the result, purely."""


class QuickProbe(Protocol):
    """A probe whose runs need no task: a TCP connect to an address by literal, thousands of times a second."""

    target: Target

    def begin(self, done: Done, /) -> None:
        """Begin a probe run; ``done`` is called with its result, by the event loop."""

    def judge(self, result: ConnectResult, span: Span, /) -> Observation:
        """Judge the result, purely."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One target: its probe and the link that the probe asks over, how often it is asked and how it is judged.

    ``fast_interval`` is the pace while the last result contradicts the state; ``held_back`` how long after the start
    the first probe run of a rare probe comes (``None``: at once); a probe run by hand within ``on_demand_interval``
    after the last one gives that one's result. Seconds all. ``plan`` is what the path's book judges the target by,
    ``None`` where it is judged apart; ``quick`` is the probe itself where its runs need no task.
    """

    probe: Probe
    link: object
    measure: Measure
    fast_interval: float
    plan: TargetPlan | NegativePlan | None = None
    held_back: float | None = None
    on_demand_interval: float = 0.0
    quick: QuickProbe | None = None

    @property
    def target(self) -> Target:
        """What is asked."""
        return self.probe.target

    @property
    def key(self) -> str:
        """The name by which its phase is hashed: the same at every start."""
        return key_of(self.probe.target)

    @property
    def cadence(self) -> Cadence:
        """The target's schedule."""
        phase = phase_of(self.key)
        delay = None if self.held_back is None else self.held_back + phase * FIRST_ROUND_WITHIN
        return Cadence(self.measure.interval, self.fast_interval, phase, delay)

    def same_as(self, other: "Watch") -> bool:
        """Whether the other one asks the same, in the same way, over the same link."""
        return self.link is other.link and self.terms == other.terms

    def in_step_with(self, other: "Watch") -> bool:
        """Whether the other one is due at the same times."""
        return (self.measure, self.cadence) == (other.measure, other.cadence)

    @property
    def terms(self) -> tuple[object, ...]:
        """All that decides what is asked, how, and how often."""
        return self.probe.settings, self.plan, self.measure, self.fast_interval, self.held_back, self.on_demand_interval


@dataclass(slots=True)
class Links:
    """The links that the probes of one path share: one engine of connects, one TLS client, one SSH link an edge."""

    connector: Connector
    tls: TlsClient
    _ssh: dict[SshSettings, SshLink] = field(default_factory=dict)

    def ssh(self, settings: SshSettings) -> SshLink:
        """The one SSH link of these settings."""
        if settings not in self._ssh:
            self._ssh[settings] = SshLink(settings)
        return self._ssh[settings]

    async def keep_only(self, used: Collection[object]) -> None:
        """Close every SSH link but those that are still used."""
        unused = [settings for settings, link in self._ssh.items() if link not in used]
        await asyncio.gather(*(self._ssh.pop(settings).close() for settings in unused))


def key_of(target: Target) -> str:
    """The name of a target, unique in the daemon."""
    return "/".join(target)
