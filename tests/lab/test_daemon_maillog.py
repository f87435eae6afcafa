"""The mail log as practice treats it: rotated, truncated, on a full disk. Every line counts once."""

import time
from collections.abc import Iterator

import pytest
import yaml

from tests.lab.daemon import Daemon
from tests.lab.helpers import greet
from tests.lab.lab import Lab
from tests.waiting import eventually

QUIET = 1.0
"""Seconds without a change after which the daemon has read what there is."""
BURST = 20
"""Connections to the stock submission port, each of two lines."""


class Follower:
    """A daemon that follows the log, and what it must have counted."""

    def __init__(self, lab: Lab, daemon: Daemon) -> None:
        """Take a daemon that follows. A server may have logged a last line before it did: wait until nothing moves."""
        self._lab, self.daemon = lab, daemon
        moves = time.monotonic(), self._missing()

        def still() -> bool:
            nonlocal moves
            if self._missing() != moves[1]:
                moves = time.monotonic(), self._missing()
            return time.monotonic() - moves[0] > QUIET

        daemon.until(still, within=60)
        self._missed = moves[1]

    def has_all(self) -> bool:
        """Tell whether every line has been counted, and none twice."""
        return self._missing() == self._missed

    def _missing(self) -> float:
        return self._lab.maillog.mark() - self.daemon.total("maillog_lines_total")

    def connections(self) -> float:
        """Give how many connections to the stock submission port were counted."""
        return self.daemon.total("maillog_connections_total", listener="587")

    def catch_up(self) -> None:
        """Wait until it has all."""
        self.daemon.until(self.has_all, within=20)


@pytest.fixture
def follower(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    """Give a daemon that has nothing to do but to follow, while nobody but the test leaves lines."""
    document = yaml.safe_load(lab.configuration())
    (path,) = document["paths"]
    del path["edges"]
    path["handshakes"] = {"interval": "1h"}
    lab.haproxy.freeze()
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), yaml.safe_dump(document)) as daemon:
        daemon.until_sound()
        yield Follower(lab, daemon)


def test_no_line_is_lost_or_counted_twice_through_rotations(lab: Lab, follower: Follower) -> None:
    """By rename in the middle of a burst, and by copytruncate after one: what was written is what was counted."""
    before = follower.connections()
    for _ in range(3):
        burst(lab)
        lab.maillog.rotate()
        burst(lab)
        # What is written between the last look and the truncation is gone for any follower: let it look first.
        follower.catch_up()
        lab.maillog.copytruncate()
        burst(lab)
        follower.catch_up()
    assert follower.connections() - before == 9 * BURST
    assert follower.daemon.view()["maillog"] == "up"


def test_a_full_disk_under_the_log_is_survived(lab: Lab, follower: Follower) -> None:
    """What could not be written is lost; what is written once there is room again is counted."""
    follower.catch_up()
    lab.maillog.fill_disk()
    burst(lab)
    lab.maillog.heal()
    before = follower.connections()
    burst(lab)
    # The last line that found room may have found it for its first half only.
    follower.daemon.until(lambda: follower.connections() - before >= BURST - 1, within=20)
    assert not follower.has_all()
    assert follower.daemon.view()["maillog"] == "up"
    assert follower.daemon.total("probe_bugs_total") == 0
    assert follower.daemon.memory() < 60


def burst(lab: Lab) -> None:
    """Be many clients, one after the other."""
    mark = lab.maillog.mark()
    for _ in range(BURST):
        greet(lab)
    eventually(lambda: sum("disconnect from" in line for line in lab.maillog.since(mark)) == BURST)
