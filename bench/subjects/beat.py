"""The daemon as it is shipped, its checks alone, and a record of how late its rounds begin; others burden it.

Says its address; then, for each ``[windows, seconds]`` that it is told, the lateness of every window and the drift.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import quantile
from bench.subjects import arguments, run, say
from bench.subjects.settings import leave_out_handshakes
from monitor.config.load import reading
from monitor.config.options import RunOptions
from monitor.daemon.main import serve
from monitor.daemon.service import Daemon
from monitor.engine.scheduler import Job, Scheduler

MS = 1000.0


class Record:
    """How late each round began since ``lateness`` was cleared, and the jobs whose beat is a second."""

    def __init__(self) -> None:
        """Listen to every daemon and scheduler of this process."""
        self.lateness: list[float] = []
        self.jobs: dict[str, Job] = {}
        started, add = Daemon.started, Scheduler.add

        def note(daemon: Daemon, late: float, rounds: int) -> None:
            # The loop's own clock may stand still for a whole turn. We hear of it when the last of them has begun.
            late_by_now = time.monotonic() - (asyncio.get_running_loop().time() - late)
            self.lateness += [late_by_now] * rounds
            started(daemon, late, rounds)

        def keep(scheduler: Scheduler, job: Job) -> None:
            if job.cadence.interval == 1.0:
                self.jobs[job.key] = job
            add(scheduler, job)

        Daemon.started = note  # type: ignore[method-assign,assignment]
        Scheduler.add = keep  # type: ignore[method-assign,assignment]

    async def windows(self, count: int, seconds: float) -> dict[str, Any]:
        """Watch so many windows; give their lateness, and how far the beats have moved meanwhile, in milliseconds."""
        found: dict[str, list[float]] = {"p50": [], "p99": [], "max": []}
        before = {key: job.began for key, job in self.jobs.items()}
        for _ in range(count):
            self.lateness.clear()
            await asyncio.sleep(seconds)
            late = self.lateness or [0.0]
            for name, value in (("p50", quantile(late, 0.5)), ("p99", quantile(late, 0.99)), ("max", max(late))):
                found[name].append(MS * value)
        passed = [self.jobs[key].began - began for key, began in before.items()]
        drift = statistics.median(each - round(each) for each in passed)
        return {**found, "drift": MS * abs(drift), "rounds": len(passed)}


async def main() -> None:
    """Serve, and do as we are told."""
    asked = arguments()
    leave_out_handshakes("tls", "slow")
    record = Record()
    options = RunOptions(listen_addresses=("127.0.0.1:0",), log_level="error")
    daemon = partial(reading, Path(asked["file"]), check_files=False)
    serving = asyncio.get_running_loop().create_task(serve(daemon, options, ready=_say_address))
    while line := await asyncio.to_thread(sys.stdin.readline):
        say(await record.windows(*json.loads(line)))
    serving.cancel()


def _say_address(address: str) -> None:
    say({"pid": os.getpid(), "address": address})


run(main)
