"""The rooms of the tests: which of them take real servers, how long a test of theirs may last, and who runs when."""

import os
from pathlib import PurePosixPath
from zlib import crc32

SERVERS = frozenset({"alerts", "browser", "image", "kube", "lab"})
"""Rooms that take real servers.

A single test of another room that takes one, or a program that a bare machine has not, is marked ``servers`` itself.
"""

DEADLINES = {"alerts": 300, "browser": 300, "chart": 300, "e2e": 600, "image": 600, "kube": 600, "lab": 600}
"""Seconds that one test of a room may last, the start of a laboratory included, where it is not the usual time."""

LONGEST: tuple[str, ...] = (
    "tests/lab/test_faults.py",
    "tests/e2e/test_alerting.py",
    "tests/lab/test_faults_uncached.py",
    "tests/lab/test_edge.py",
    "tests/lab/test_gate.py",
    "tests/e2e/test_demo.py",
    "tests/lab/test_roundtrip.py",
    "tests/lab/test_check.py",
    "tests/verdict/test_properties.py",
)
"""Modules in the order in which they begin, before all others: what takes longest must not begin last."""

SHARES = {
    "tests/e2e/test_demo.py": 2,
    "tests/lab/test_faults.py": 1 if "MAILPATH_WRITE_DOCS" in os.environ else 2,
}
"""Modules whose tests are dealt out to several workers, and to how many; but a document is written by one."""


def room_of(nodeid: str) -> str:
    """Give the directory of a test below ``tests``; ``""`` for one that lies there itself."""
    _, *rest = PurePosixPath(nodeid.partition("::")[0]).parts
    return rest[0] if rest[1:] else ""


def deadline_of(nodeid: str) -> float | None:
    """Give the seconds that a test may last where its room has a deadline of its own."""
    return DEADLINES.get(room_of(nodeid))


def group_of(nodeid: str) -> str:
    """Give the group that a test runs in: a worker takes whole groups, and a group is never in two of them."""
    module = nodeid.partition("::")[0]
    shares = SHARES.get(module, 1)
    return module if shares == 1 else f"{module} {crc32(nodeid.encode()) % shares}"


def rank_of(nodeid: str) -> int:
    """Give when a test's group begins: the longest first, then the rooms with servers, then all others."""
    module = nodeid.partition("::")[0]
    if module in LONGEST:
        return LONGEST.index(module)
    return len(LONGEST) + (room_of(nodeid) not in SERVERS)
