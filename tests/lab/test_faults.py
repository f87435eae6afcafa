"""Each fault of the table gives its verdicts and its hop in time, nothing else changes, and it clears by itself.

Real Prometheus and Alertmanager look on: of each fault one message is sent, the right one, and one when it is over.
While somebody is told, ``mailpath check`` looks too, and names it in its first line.
"""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab import fault_report
from tests.lab.alarm import BEAT, OVER_WITHIN, Alarm, alarm
from tests.lab.daemon import SOUND, Daemon
from tests.lab.fault_report import Row
from tests.lab.faults import FAULTS, Fault
from tests.lab.first_line import ALL_FINE, first_line, first_line_of, names_fault
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT, QUICK, Pace
from tests.lab.troubles import USUAL
from tests.patience import stretched

WRITING = "MAILPATH_WRITE_DOCS" in os.environ
SLACK = 10.0
"""Seconds that polling and a busy machine may add to the daemon's own arithmetic."""
HAPROXY_NOTICES = 20.0
"""Seconds within which HAProxy, at its own pace here, has come to its own view."""
RECOVERED = 60.0
"""Seconds within which all is well again: HAProxy's rise, and the pause that SSH makes between two attempts."""
ENDS_AWAITED = frozenset(
    {
        "PROXY switched off on one Postfix listener",  # a page
        "one node refuses one data port",  # what is read in the day
        "edge dead",  # what others hang on, which are not told while it lasts
        "lookup errors: mail is deferred by 451",  # what is told for minutes after it has gone
    }
)
"""Faults for which a test waits until the message of their end has come; of the others it may come during the next."""


class Watch:
    """A laboratory under the eyes of one daemon, that changes its pace by reloading."""

    def __init__(self, lab: Lab, daemon: Daemon, alarm: Alarm) -> None:
        """Take all; the daemon must be patient at first, so that postscreen comes to know all its clients."""
        self._lab = lab
        self.daemon = daemon
        self.alarm = alarm
        self._pace = PATIENT
        self.rows: list[Row] = []

    def at(self, pace: Pace) -> None:
        """Go on at this pace, from a sound path."""
        self.daemon.until_view(SOUND, self.daemon.view, within=RECOVERED)
        if pace != self._pace:
            assert self.daemon.reload(pace.configuration(self._lab)).status == 200
            self._pace = pace
            self.daemon.until_view(SOUND, self.daemon.view, within=RECOVERED)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy is as mailpath wants it, and checks every second."""
    with Lab(settings=USUAL) as own:
        yield own


@pytest.fixture(scope="module")
def watch(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Give the laboratory under the eyes of one daemon; at the end the document is written, if that is wanted."""
    directory = tmp_path_factory.mktemp("daemon")
    with (
        Daemon(lab, directory, PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon,
        alarm(lab, QUICK.configuration(lab), directory) as told,
    ):
        watch = Watch(lab, daemon, told)
        watch.at(PATIENT)
        assert first_line(lab).result(stretched(60)) == ALL_FINE
        yield watch
        assert daemon.total("probe_bugs_total") == 0
    if WRITING and len(watch.rows) == len(FAULTS):
        fault_report.write(watch.rows)


MOMENTS: dict[str, Callable[[Lab, Daemon], object]] = {
    "HAProxy reloads": lambda lab, _daemon: lab.haproxy.reload(),
    "Postfix restarts": lambda lab, _daemon: lab.postfix.restart(),
    "mailpath reloads": lambda _lab, daemon: daemon.reload(daemon.file.read_text()),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_over_in_a_moment_turns_no_verdict(moment: str, lab: Lab, watch: Watch) -> None:
    """No verdict and no hop changes, not even for one scrape; HAProxy's own view may have to be formed anew."""
    daemon = watch.daemon
    watch.at(QUICK)
    MOMENTS[moment](lab, daemon)
    until = time.monotonic() + QUICK.certain_after
    while time.monotonic() < until:
        assert ours(daemon.view()) == ours(SOUND)
    daemon.until_view(SOUND, daemon.view, within=HAPROXY_NOTICES)
    assert watch.alarm.take() == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault, lab: Lab, watch: Watch) -> None:
    """What the table says comes in time, and nothing else; it is told once, one look names it, and it goes again."""
    daemon, told = watch.daemon, watch.alarm
    watch.at(fault.pace)
    if fault.not_since is not None and lab.postfix.version >= fault.not_since:
        does_no_harm(fault, lab, watch)
        return
    expected = fault.expected()
    concerned = fault.changing().keys() | fault.in_between()
    strays: dict[str, str] = {}

    def seen() -> dict[str, str]:
        view = daemon.view()
        strays.update({key: state for key, state in view.items() if state != SOUND[key] and key not in concerned})
        return view

    assert told.take() == []
    lab.maillog.rotate()
    if fault.hop == "maillog":  # that lines of ours are missing can be said of a log that has had some
        assert first_line_of(lab, fault).result(stretched(60)) == ALL_FINE
    fault.do(lab)
    began = time.monotonic()
    within = fault.pace.certain_after + fault.grace + stretched(SLACK)
    daemon.until_view(ours(expected), lambda: ours(seen()), within=within)
    daemon.until_view(expected, seen, within=HAPROXY_NOTICES)
    # A HAProxy that was given another configuration has checked nobody yet.
    strays = {k: state for k, state in strays.items() if not (k.startswith("agreement ") and state == "unknown")}
    assert strays == {}
    (path,) = daemon.json("/api/v1/status")["paths"]
    assert {other.partition(":")[0] for other in path["diagnosis"]["others"]} >= set(fault.also)
    assert {finding["kind"] for finding in path["findings"]} >= ({fault.finding} if fault.finding else set())
    watch.rows.append(fault_report.row(lab, fault))
    looking = first_line_of(lab, fault)
    told.until_told("firing", by=began + within + told.waits + 3 * BEAT)
    said = looking.result(stretched(60))
    assert names_fault(said, fault), said
    lab.heal()
    if fault.remembered:
        daemon.restart()
    daemon.until_view(SOUND, daemon.view, within=RECOVERED)
    firing, over = ((status, *fault.told, fault.hop) for status in ("firing", "resolved"))
    if fault.name in ENDS_AWAITED:
        told.until_told("resolved", by=time.monotonic() + stretched(OVER_WITHIN))
        assert told.take() == [firing, over]
    else:
        assert told.take(owed=over) == [firing]


def does_no_harm(fault: Fault, lab: Lab, watch: Watch) -> None:
    """Do what was a fault with older servers: no verdict and no hop changes, and no message is sent."""
    fault.do(lab)
    until = time.monotonic() + fault.pace.certain_after + fault.grace + SLACK
    while time.monotonic() < until:
        assert ours(watch.daemon.view()) == ours(SOUND)
    assert watch.alarm.take() == []


def test_ends_awaited_are_rows_of_the_table() -> None:
    """A fault that was renamed is awaited still."""
    assert {fault.name for fault in FAULTS} >= ENDS_AWAITED


@pytest.mark.skipif(WRITING, reason="it is being written")
def test_the_document_is_this_table() -> None:
    """What is published of mailpath is what is tested here; the other columns were seen when the table was made."""
    rows = fault_report.rows_of(fault_report.DOCUMENT.read_text())
    assert [(row.fault, row.mailpath, row.told) for row in rows] == [
        (fault_report.title(fault), fault_report.mailpath_says(fault), fault_report.who_is_told(fault))
        for fault in FAULTS
    ]


def ours(view: dict[str, str]) -> dict[str, str]:
    """Leave out what HAProxy's own view has a part in: its pace is not ours."""
    return {key: state for key, state in view.items() if not key.startswith("agreement ")}
