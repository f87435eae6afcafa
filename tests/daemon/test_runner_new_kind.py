"""A kind that no production code knows, registered by one line: its failure shows wherever a handshake's does."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from monitor.core.kinds import ProbeKind
from monitor.core.model import Target
from monitor.core.observations import Observation
from monitor.core.runbook import probe_again
from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.daemon.check import check_once, once, probe_once
from monitor.daemon.runner import Runner
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.probes import kind
from monitor.probes.kind import Kind, watches_of
from monitor.probes.plan import plan_of
from monitor.probes.watch import Links
from monitor.publish import healthz
from monitor.publish.api import document
from monitor.publish.check_report import ExitStatus, exit_status
from monitor.publish.events import EventLog
from monitor.publish.matrix_view import matrix
from monitor.publish.page import render
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.config import documents
from tests.daemon import greeting
from tests.daemon.running import running, write
from tests.daemon.telemetry import Telemetry
from tests.publish.reader import Reader
from tests.verdict.build import seen
from tests.waiting import until

NODES = "static: [{name: a, address: 192.0.2.1}, {name: b, address: 192.0.2.2}]"
ALL = ("a", "b")


class Scene:
    """A path on which everything is well, as its book, its runner and all who show it know."""

    def __init__(self) -> None:
        """Watch what the table of kinds says; belongs to the running event loop."""
        path = documents.path(nodes=NODES)
        telemetry, self.connector = Telemetry(), Connector()
        shared = Shared(
            Scheduler(telemetry), self.connector, lambda: 1_000_000.0, telemetry.bug, lambda *_: None, lambda _: None
        )
        self.watches = watches_of(path, Links(self.connector, TlsClient()))
        self.book = PathBook(plan_of(path, self.watches))
        self.runner = Runner(shared, self.book)
        self.now = shared.now()
        for plan in self.book.plan.targets:
            self.book.record(seen(plan.target, now=self.now))

    def status(self) -> PathStatus:
        """Give the path's status."""
        return self.book.status(self.now, 1_000_000.0)

    async def fail(self, *nodes: str) -> PathStatus:
        """Let the new kind's probes run on these nodes; gives what is known then."""
        for watch in self.watches:
            if watch.target.probe == greeting.KIND and watch.target.node in nodes:
                await self.runner.observe(watch)
        return self.status()

    def fail_handshakes(self, *nodes: str) -> PathStatus:
        """Let the smtp handshakes of these nodes fail in the same way, twice: they fall by the second."""
        for node in nodes * 2:
            where = Target("home", kinds.HANDSHAKE, node, "smtp")
            now = self.now
            self.book.record(Observation(where, now, now, now, greeting.WRONG, answered=True))
        return self.status()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a scene."""
    made = Scene()
    yield made
    made.connector.close()


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the kind: one line."""
    monkeypatch.setattr(kind, "KINDS", (*kind.KINDS, Kind(greeting.KIND, greeting.watches)))


@pytest.fixture
def registered_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register it for the path, without node and service."""
    monkeypatch.setattr(kind, "KINDS", (*kind.KINDS, Kind(greeting.KIND, greeting.watches_alone)))


@pytest.fixture(name="told")
def _told() -> Iterator[LogCapture]:
    capture = LogCapture()
    structlog.configure(processors=[capture], wrapper_class=structlog.BoundLogger)
    yield capture
    structlog.reset_defaults()


def events(told: LogCapture, before: PathStatus, after: PathStatus) -> set[tuple[object, object]]:
    """Give what is said of a change, by event and level."""
    log = EventLog(structlog.get_logger())
    log.update([before])
    told.entries.clear()
    log.update([after])
    return {(entry["event"], entry["log_level"]) for entry in told.entries}


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("nodes", [("a",), ALL])
async def test_its_failure_weighs_as_much_as_a_handshakes(
    scene: Scene, told: LogCapture, nodes: tuple[str, ...]
) -> None:
    """For /healthz, the exit code of ``check`` and the log: on one node, and on all."""
    well, handshakes = scene.status(), Scene()
    assert (well.health.status, well.diagnosis.hop, exit_status([well])) == ("pass", Hop.NONE, ExitStatus.OK)
    like, failed = handshakes.fail_handshakes(*nodes), await scene.fail(*nodes)
    handshakes.connector.close()
    for service in (None, "smtp", "imaps"):
        mine, theirs = (healthz.answer([each], "home", service) for each in (failed, like))
        assert (mine.status, mine.document["status"]) == (theirs.status, theirs.document["status"])
    assert exit_status([failed]) == exit_status([like]) != ExitStatus.OK
    assert events(told, well, failed) == events(told, well, like)


@pytest.mark.usefixtures("registered")
async def test_its_failure_is_told_by_diagnosis_and_page(scene: Scene) -> None:
    """No rule explains it, so it is shown as it is; the matrix has a row of its own for it."""
    before = scene.status()
    failed = await scene.fail("b")
    assert failed.diagnosis.hop is Hop.UNEXPLAINED
    assert failed.diagnosis.unexplained == ("greeting b smtp: protocol_error (greeting: unexpected_reply, NO)",)
    assert matrix(failed).count('role="rowheader"') == matrix(before).count('role="rowheader"') == 4
    assert Verdict.PROTOCOL_ERROR in Reader(matrix(failed)).text
    assert Verdict.PROTOCOL_ERROR not in Reader(matrix(before)).text
    page = render([failed]).decode()
    assert "greeting b smtp" in Reader(page).text
    assert "node=b&amp;service=smtp&amp;probe=greeting" in page
    (path,) = document([failed])["paths"]
    assert [(each["probe"], each["node"], each["verdict"]) for each in path["others"]] == [
        ("greeting", "a", "ok"),
        ("greeting", "b", "protocol_error"),
    ]


@pytest.mark.usefixtures("registered_alone")
async def test_without_node_and_service_it_is_shown_under_its_own_name(scene: Scene, told: LogCapture) -> None:
    """No required service rests on it: the path's health warns, ``check`` does, and the rest is as ever."""
    well = scene.status()
    assert (well.health.status, exit_status([well])) == ("pass", ExitStatus.OK)
    failed = await scene.fail(greeting.KIND)
    assert (failed.health.status, failed.diagnosis.hop) == ("warn", Hop.UNEXPLAINED)
    assert "greeting:greeting" in {check.name for check in failed.health.checks if check.status == "warn"}
    assert exit_status([failed]) is ExitStatus.WARNING
    assert failed.diagnosis.unexplained == ("greeting greeting: protocol_error (greeting: unexpected_reply, NO)",)
    assert events(told, well, failed) == {("verdict.changed", "warning"), ("diagnosis.changed", "warning")}
    assert Verdict.PROTOCOL_ERROR in Reader(matrix(failed)).text
    assert Verdict.PROTOCOL_ERROR not in Reader(matrix(well)).text
    assert "greeting" in Reader(render([failed]).decode()).text


@pytest.mark.usefixtures("registered")
async def test_the_daemon_schedules_counts_and_shows_it(tmp_path: Path) -> None:
    """Its probe runs are in the metrics, its target in the status, and it can be probed by hand."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        await until(lambda: [each.verdict for each in daemon.statuses()[0].others] == [Verdict.PROTOCOL_ERROR])
        text = daemon.metrics.snapshot(daemon.statuses()).expose("text/plain", "").body.decode()
    line = next(line for line in text.splitlines() if 'probe="greeting"' in line and 'result="failure"' in line)
    assert float(line.split()[-1]) >= 1
    assert 'mailpath_probe_failures_total{node="a",path="home",phase="greeting",probe="greeting"' in text


@pytest.mark.usefixtures("registered_alone")
def test_check_waits_for_it() -> None:
    """``mailpath check`` runs it once, and says what it found."""
    path = once(
        documents.path(
            "checks: {timeout: 100ms}\nhandshakes: {timeout: 200ms}", "static: [{name: a, address: 127.0.0.1}]"
        )
    )
    checked = check_once([path])
    assert checked.bugs == ()
    assert [each.verdict for each in checked.statuses[0].others] == [Verdict.PROTOCOL_ERROR]


def test_it_needs_no_more_than_a_name() -> None:
    """What it does not say of itself is as with a handshake."""
    assert greeting.KIND == ProbeKind("greeting") == "greeting"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(("probe", "told"), [("greeting", "greeting of smtp on a"), ("", "handshake of smtp on a")])
def test_by_hand_it_is_named_where_a_handshake_has_its_place(probe: str, told: str) -> None:
    """The command that the diagnosis offers says which kind is meant."""
    path = documents.path("handshakes: {timeout: 200ms}", "static: [{name: a, address: 127.0.0.1}]")
    code, transcript = probe_once(path, "a", "smtp", probe)
    assert (code, transcript.partition(" (path")[0]) == (1, told)
    assert probe_again(Target("home", greeting.KIND, "a", "smtp")).command == (
        "mailpath probe a smtp --path home --probe greeting"
    )
