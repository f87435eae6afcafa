"""Hosts end with the process that made them."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import eventually


def test_nothing_is_left_when_the_test_run_is_killed() -> None:
    """The kernel takes hosts and servers down with the process that made them."""
    script = "from tests.lab.lab import Lab; lab = Lab(); lab.start(); print(lab.pod.pid, lab.edge.pid, lab.directory)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}\nimport sys, time; sys.stdout.flush(); time.sleep(60)"],
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        pod, edge, directory = run.stdout.readline().split()
        assert Path(f"/proc/{pod}/ns/net").exists()
        run.send_signal(signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pod}/root/etc").exists() and not Path(f"/proc/{edge}/root/etc").exists())
    shutil.rmtree(directory)
