"""What machine a result comes from; no name of it, and no path."""

import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("haproxy", "prometheus-blackbox-exporter", "mtail", "prometheus-postfix-exporter", "prometheus")


def machine() -> dict[str, str]:
    """Name CPU, cores, memory, kernel, Python and the peers' versions."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "kernel": platform.release().split("-")[0],
        "load": " ".join(f"{each:.1f}" for each in os.getloadavg()) + " (1, 5, 15 minutes; other work beside this)",
        "python": platform.python_version(),
        "compiler": _first_line("cc", "--version"),
        **{package: _version(package) for package in PACKAGES},
    }


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _version(package: str) -> str:
    return _first_line("dpkg-query", "--show", "--showformat=${Version}", package)


def _first_line(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout.partition("\n")[0].strip() or "not installed"
