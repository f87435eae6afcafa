"""One path on the page: diagnosis, maintenance, picture, findings, and its own events."""

from dataclasses import replace

import pytest

from monitor.core.maintenance import Maintenance
from monitor.core.runbook import Remedy
from monitor.core.status import Finding
from monitor.publish.journal import Journal, View
from monitor.publish.path_view import path_view
from monitor.publish.picture import Level
from tests.publish.reader import Reader
from tests.publish.statuses import AT, broken_status, path_status


def nothing() -> View:
    """Give a view in which nothing has happened yet."""
    return Journal(lambda: AT).view([])


def test_a_broken_path_names_the_hop_and_what_to_run_before_the_evidence() -> None:
    """On a phone the evidence is below the fold."""
    text = Reader(path_view(broken_status("2525 refuses"), nothing())).text
    assert text.index("listener") < text.index("Next") < text.index("Evidence")


def test_a_sound_path_counts_what_is_complete() -> None:
    """Without remedy or evidence."""
    text = Reader(path_view(path_status(), nothing())).text
    assert "1 of 1 front doors" in text
    assert "2 of 2 handshakes" in text
    assert "Evidence" not in text


def test_announced_work_is_shown_with_its_end_and_reason() -> None:
    """And without any there is no such section."""
    work = Maintenance("home", AT - 60.0, AT + 600.0, "new kernel")
    assert "new kernel" in Reader(path_view(replace(path_status(), maintenance=work), nothing())).text
    assert 'aria-label="Maintenance"' not in path_view(path_status(), nothing())


@pytest.mark.parametrize(
    ("severity", "level"), [("critical", Level.BAD), ("warning", Level.WARN), ("info", Level.UNKNOWN)]
)
def test_a_finding_is_shown_by_its_severity(severity: str, level: Level) -> None:
    """With its message, and the command where there is one."""
    finding = Finding(severity, "smtp", "drift", "the message", Remedy("Look.", "kubectl get svc"))
    shown = path_view(replace(path_status(), findings=(finding,)), nothing())
    told = shown.partition("<h3>Findings</h3>")[2].partition("</section>")[0]
    assert "the message" in told
    assert str(level) in told


def test_of_several_paths_each_shows_its_own_events() -> None:
    """A page of one path shows those of the daemon too."""
    journal = Journal(lambda: AT)
    journal.keep(
        "warning", "verdict.changed", {"path": "away", "node": "n", "service": "smtp", "before": "ok", "after": "slow"}
    )
    view = journal.view([])
    assert "slow" in Reader(path_view(path_status(), view)).text
    assert "slow" not in Reader(path_view(path_status(), view, several=True)).text
