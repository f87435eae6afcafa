"""Contenders in turn, and what their rounds amount to: medians, and ratios taken round by round.

A shared machine changes its speed from minute to minute. What runs within the same round meets the same machine, so
the ratio of two contenders of one round is steadier than either of them.
"""

import contextlib
import json
import math
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
ROUNDS = 7
# A process that takes longer hangs.
PATIENCE = 300.0

Values = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Bound:
    """What one value, or its ratio to another one, must not exceed (``at_least``: fall below).

    ``of`` and ``to`` name values of a figure; ``to`` empty: the value itself is bounded. ``reach`` is the better mark.
    """

    of: str
    to: str
    must: float
    reach: float
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: its unit, every value of each contender, and its bounds."""

    name: str
    unit: str
    values: Values
    bounds: tuple[Bound, ...] = ()
    note: str = ""

    def median(self, contender: str) -> float:
        """Give the median of a contender's rounds."""
        return statistics.median(self.values[contender])

    def ratio(self, bound: Bound) -> float:
        """Give what a bound bounds: the median of the rounds' ratios, or of the values themselves."""
        if not bound.to:
            return self.median(bound.of)
        pairs = zip(self.values[bound.of], self.values[bound.to], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def holds(self, bound: Bound, mark: float) -> bool:
        """Tell whether a mark of a bound is met."""
        ratio = self.ratio(bound)
        return ratio >= mark if bound.at_least else ratio <= mark


def alternate(contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Run every contender once a round, in turn; the first round warms up and is dropped."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            value = run()
            if turn:
                values[name].append(value)
        if turn:
            latest = ", ".join(f"{name} {each[-1]:.4g}" for name, each in values.items())
            print(f"    {turn}/{rounds}: {latest}", file=sys.stderr, flush=True)
    return values


def program(*command: object) -> Any:
    """Run a program that prints one line of JSON, and give what it says.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    ended = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
    if ended.returncode:
        raise RuntimeError(f"{command[0]}: exit {ended.returncode}: {ended.stderr.decode()[-2000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def subject(name: str, **arguments: Any) -> Any:
    """Run one of our own subjects; what it takes and what it says is JSON."""
    return program(sys.executable, "-m", f"bench.subjects.{name}", json.dumps(arguments))


class Standing:
    """A subject that goes on: each line of JSON that it says is taken by ``hear``; ``tell`` gives it one."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        """Take its process, whose standard input and output are pipes."""
        self._name = name
        self._process = process

    def hear(self, within: float = PATIENCE) -> Any:
        """Wait for what it says next.

        Raises:
            RuntimeError: It has ended, or says nothing for so many seconds.
        """
        said = self._process.stdout
        if said is None or not select.select([said], [], [], within)[0]:
            raise RuntimeError(f"{self._name} has said nothing for {within:g} s")
        line = said.readline()
        if not line:
            raise RuntimeError(f"{self._name} has ended, with {self._process.wait()}")
        return json.loads(line)

    def tell(self, words: Any) -> None:
        """Let it do something."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")


@contextlib.contextmanager
def standing(name: str, **arguments: Any) -> Iterator[Standing]:
    """Run one of our own subjects until the block ends; its complaints go to our own standard error."""
    command = [sys.executable, "-m", f"bench.subjects.{name}", json.dumps(arguments)]
    process = subprocess.Popen(command, cwd=ROOT, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            yield Standing(name, process)
        finally:
            process.terminate()


def quantile(values: Sequence[float], part: float) -> float:
    """Give the smallest value that so much of them does not exceed (``part`` 0.9: the ninetieth percentile)."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]


def process_cpu(pid: int) -> float:
    """Give the CPU seconds that a process has used, all its threads, in nanosecond steps.

    The kernel's clock of another process: ``clock_getcpuclockid(3)``, whose number is made of the pid.
    """
    return time.clock_gettime((~pid << 3) | 2)


@dataclass(slots=True)
class Spent:
    """The CPU seconds of a running process between the beginning and the end of a ``with`` block."""

    pid: int
    cpu: float = field(default=0.0, init=False)

    def __enter__(self) -> Self:
        """Begin."""
        self.cpu = -process_cpu(self.pid)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.cpu += process_cpu(self.pid)


def resident(pid: int) -> float:
    """Give the resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
