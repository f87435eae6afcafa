"""What was measured, judged and put into a table."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

WINDOW = 600.0
FLAT = 0.05
# Connections of the moment, of scrapes and probes, are no leak.
WOBBLE = 5


class Sample(NamedTuple):
    """The daemon's own figures, ``at`` so many seconds after the start."""

    at: float
    resident: float
    descriptors: float
    tasks: float
    lag: float


class Strike(NamedTuple):
    """One fault: after how many seconds it was shown, and after how many its end; ``None``: not within its minute."""

    fault: str
    shown: float | None
    mended: float | None


class Result(NamedTuple):
    """A whole run; ``totals`` are the counters at its end by what they count."""

    seconds: float
    samples: Sequence[Sample]
    strikes: Sequence[Strike]
    totals: dict[str, float]
    exit_code: int

    def faults(self) -> list[str]:
        """Name every promise that was not kept."""
        broken = []
        first, last = self._windows(lambda sample: sample.resident)
        if abs(last / first - 1) > FLAT:
            broken.append(f"memory is not flat: {first / 2**20:.1f} MiB, then {last / 2**20:.1f} MiB")
        for what, of in (("file descriptors", _descriptors), ("tasks", _tasks)):
            first, last = self._windows(of)
            if last > first + WOBBLE:
                broken.append(f"{what} leak: {first:.0f}, then {last:.0f}")
        broken += [f"{strike.fault} was not seen" for strike in self.strikes if strike.shown is None]
        broken += [f"the end of {strike.fault} was not seen" for strike in self.strikes if strike.mended is None]
        broken += [f"{self.totals[what]:.0f} {what}" for what in ("self-inflicted lines", "bugs") if self.totals[what]]
        if self.exit_code:
            broken.append(f"SIGTERM ended it with {self.exit_code}")
        return broken

    def table(self) -> str:
        """Give it as Markdown."""
        rows = [f"ran for | {self.seconds / 60:.0f} minutes"]
        for what, of, unit in (
            ("resident memory, median of the first and the last ten minutes", _resident, "MiB"),
            ("open file descriptors, the same", _descriptors, ""),
            ("tasks of the event loop, the same", _tasks, ""),
        ):
            first, last = self._windows(of)
            rows.append(f"{what} | {first:.4g}, {last:.4g} {unit}".rstrip())
        rows.append(f"worst lag of the event loop | {max(sample.lag for sample in self.samples):.2f} s")
        rows += [f"{what} | {count:.0f}" for what, count in self.totals.items()]
        seen = [strike for strike in self.strikes if strike.shown is not None]
        rows.append(f"faults struck, seen | {len(self.strikes)}, {len(seen)}")
        rows.append(f"exit code after SIGTERM | {self.exit_code}")
        head = "| what | measured |\n| --- | --- |\n" + "".join(f"| {row} |\n" for row in rows)
        return f"{head}\n{self._by_fault()}"

    def _by_fault(self) -> str:
        text = "| fault | struck | seen after (median, worst) | its end after (median, worst) |\n"
        text += "| --- | --- | --- | --- |\n"
        for fault in dict.fromkeys(strike.fault for strike in self.strikes):
            strikes = [strike for strike in self.strikes if strike.fault == fault]
            shown, mended = _times([each.shown for each in strikes]), _times([each.mended for each in strikes])
            text += f"| {fault} | {len(strikes)} | {shown} | {mended} |\n"
        return text

    def _windows(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """Give the medians of the first and the last ten minutes, of the first and last half in a shorter run."""
        width = min(WINDOW, self.seconds / 2)
        first = [of(sample) for sample in self.samples if sample.at <= width]
        last = [of(sample) for sample in self.samples if sample.at >= self.seconds - width]
        return statistics.median(first), statistics.median(last)


def _resident(sample: Sample) -> float:
    return sample.resident / 2**20


def _descriptors(sample: Sample) -> float:
    return sample.descriptors


def _tasks(sample: Sample) -> float:
    return sample.tasks


def _times(seconds: Sequence[float | None]) -> str:
    known = [each for each in seconds if each is not None]
    if len(known) < len(seconds):
        return f"not seen {len(seconds) - len(known)} times"
    return f"{statistics.median(known):.1f} s, {max(known):.1f} s"
