"""Faults of the table once more where postscreen knows nobody: every contact with port 25 waits six seconds.

Those of the table are taken that port 25 has a part in; what is told of each, and when, is tested with the others.
"""

from collections.abc import Iterator

import pytest

from tests.lab.daemon import SOUND, Daemon
from tests.lab.faults import FAULTS, Fault
from tests.lab.haproxy import Settings
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT

ON_PORT_25 = (
    "HAProxy sends no header, its checks are green",
    "NodePorts 30125 and 30127 swapped on one node",
    "one node black-holed",
    "Postfix stopped",
    "Postfix hung (SIGSTOP)",
)
SLACK = 10.0
"""Seconds that HAProxy's own checks, polling and a busy machine may add to the daemon's own arithmetic."""
RECOVERED = 120.0
"""Seconds within which all is well again: a front door is only called steady after eight rounds of seven seconds."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy checks every second."""
    with Lab(postscreen_cache=False, settings=Settings(check_interval=1000)) as own:
        yield own


@pytest.fixture(scope="module")
def daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give one daemon that watches it as patiently as postscreen demands."""
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), PATIENT.configuration(lab)) as watching:
        yield watching
        assert watching.total("probe_bugs_total") == 0


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.name in ON_PORT_25], ids=str)
def test_fault(fault: Fault, lab: Lab, daemon: Daemon) -> None:
    """What the table says comes in time, and goes when the fault goes."""
    daemon.until_view(SOUND, daemon.view, within=RECOVERED)
    fault.do(lab)
    daemon.until_view(fault.expected(), daemon.view, within=PATIENT.certain_after + fault.grace + SLACK)
    (path,) = daemon.json("/api/v1/status")["paths"]
    assert {finding["kind"] for finding in path["findings"]} >= ({fault.finding} if fault.finding else set())
    lab.heal()
    daemon.until_view(SOUND, daemon.view, within=RECOVERED)


def test_the_table_has_them_all() -> None:
    """A row that is renamed does not drop out here unseen."""
    assert {str(fault) for fault in FAULTS} >= set(ON_PORT_25)
