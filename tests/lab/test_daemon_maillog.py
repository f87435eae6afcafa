"""The mail log as it is treated in practice: rotated, truncated, on a full disk. Every line counts once."""

from collections.abc import Callable, Iterator

import pytest
import yaml

from tests.lab.daemon import Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.helpers import FRONTEND_PORTS, GREETING, claimed, greet, open_node_port
from tests.lab.lab import Lab
from tests.lab.network import NODES

BURST = 40


@pytest.fixture
def daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give a daemon that only follows the log, while nobody but the test leaves lines in it."""
    document = yaml.safe_load(lab.configuration())
    (path,) = document["paths"]
    del path["edges"]
    path["handshakes"] = {"interval": "1h"}
    lab.haproxy.freeze()
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), yaml.safe_dump(document)) as daemon:
        daemon.until_sound()
        yield daemon


def test_no_line_is_lost_or_counted_twice_through_rotations(lab: Lab, daemon: Daemon) -> None:
    """By rename in the middle of a burst, and by copytruncate after one: the daemon has counted what was written."""
    counted = Counted(lab, daemon)
    for _ in range(3):
        burst(lab, lab.maillog.rotate)
        daemon.until(counted.all, within=5)
        burst(lab)
        # What is written between the last look and the truncation is gone for any follower: let it look first.
        daemon.until(counted.all, within=5)
        lab.maillog.copytruncate()
        burst(lab)
        daemon.until(counted.all, within=5)
    assert counted.connections() == 9 * BURST
    assert daemon.view()["maillog"] == "up"


def test_a_full_disk_under_the_log_is_survived(lab: Lab, daemon: Daemon) -> None:
    """What the server cannot write is lost; what it writes once there is room again is counted."""
    counted = Counted(lab, daemon)
    lab.maillog.fill_disk()
    burst(lab)
    lab.maillog.heal()
    known = counted.connections()
    burst(lab)
    daemon.until(lambda: counted.connections() >= known + BURST - 1, within=5)
    assert daemon.view()["maillog"] == "up"
    assert daemon.total("probe_bugs_total") == 0
    assert daemon.memory() < 60


class Counted:
    """What the daemon has counted since a moment, against what was written."""

    def __init__(self, lab: Lab, daemon: Daemon) -> None:
        """Begin now, with everything read that is there."""
        self._lab, self._daemon = lab, daemon
        self._mark, self._lines, self._connections = lab.maillog.mark(), self._total(), self.connections()

    def all(self) -> bool:
        """Tell whether every line has been counted, and none twice."""
        return self._total() - self._lines == self._lab.maillog.mark() - self._mark
