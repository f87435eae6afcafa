"""Each fault of the table gives its verdicts and its hop in time, nothing else changes, and it clears by itself."""

from collections.abc import Iterator, Mapping

import pytest

from tests.lab.daemon import Daemon
from tests.lab.faults import FAULTS, Fault
from tests.lab.haproxy import Settings
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT, Pace

SLACK = 1.0
"""Seconds that polling and a busy machine may add to the daemon's own arithmetic."""
HAPROXY_NOTICES = 10.0
"""Seconds within which HAProxy, at its own pace here, has come to its own view."""
RECOVERED = 20.0
"""Seconds within which all is well again: HAProxy's rise, and the pause that SSH makes between two attempts."""


class Watch:
    """A laboratory under the eyes of one daemon, that changes its pace by reloading."""

    def __init__(self, lab: Lab, daemon: Daemon) -> None:
        """Take both; the daemon is patient at first, so that postscreen comes to know all its clients."""
        self._lab = lab
        self.daemon = daemon
        self._pace = PATIENT
        self.sound = daemon.until_sound()

    def at(self, pace: Pace) -> None:
        """Go on at this pace."""
        if pace != self._pace:
            assert self.daemon.reload(pace.configuration(self._lab)).status == 200
            self._pace = pace


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy checks every second."""
    with Lab(settings=Settings(check_interval=1000)) as own:
        yield own


@pytest.fixture(scope="module")
def watch(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Give the laboratory under the eyes of one daemon."""
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        yield Watch(lab, daemon)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault, lab: Lab, watch: Watch) -> None:
    """What the table says comes in time, and nothing else; it goes when the fault goes."""
    daemon = watch.daemon
    watch.at(fault.pace)
    expected = fault.expected(watch.sound)
    concerned = {key for key, state in expected.items() if watch.sound[key] != state}
    strays: dict[str, str] = {}

    def seen(keys: Mapping[str, str]) -> bool:
        view = daemon.view()
        strays.update({key: state for key, state in view.items() if state != watch.sound[key] and key not in concerned})
        return all(view.get(key) == state for key, state in keys.items())

    fault.do(lab)
    ours = {key: state for key, state in expected.items() if not key.startswith("agreement ")}
    daemon.until(lambda: seen(ours), within=fault.pace.certain_after + SLACK)
    daemon.until(lambda: seen(expected), within=HAPROXY_NOTICES)
    lab.heal()
    daemon.until(lambda: daemon.view() == watch.sound, within=RECOVERED)
