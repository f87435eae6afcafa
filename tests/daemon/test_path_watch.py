"""One path at work: what it schedules by its settings, what a reload keeps, and what a probe by hand runs."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from monitor.config.settings import PathSettings
from monitor.core.model import Target
from monitor.daemon.path_watch import PathWatch
from monitor.daemon.shared import Shared
from monitor.engine.cadence import FAST
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from tests import kinds
from tests.config.documents import path
from tests.daemon.collected import Collected
from tests.daemon.telemetry import Telemetry
from tests.verdict.build import refused, seen

TWO_SERVICES = "services: {smtp: {}, imaps: {}, smtps: null, submission: null}"
A, B = "{name: a, address: 192.0.2.1}", "{name: b, address: 192.0.2.2}"


def settings(*nodes: str) -> PathSettings:
    """Parse a path of these nodes, smtp and imaps."""
    return path(TWO_SERVICES, f"static: [{', '.join(nodes)}]")


class Bench:
    """A path's watch, and everything that it was given."""

    def __init__(self, connector: Connector) -> None:
        """Watch two nodes, once configured."""
        telemetry = Telemetry()
        self.scheduler = Collected(telemetry)
        self.told = 0
        shared = Shared(
            self.scheduler,
            connector,
            lambda: 1_000_000.0,
            telemetry.bug,
            lambda *_: None,
            lambda _: None,
            self._told,
        )
        self.tls = TlsClient()
        self.watch = PathWatch(settings(A, B), self.tls, shared)

    def _told(self) -> None:
        self.told += 1


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Give a watch that is configured, and stop it."""
    connector = Connector()
    made = Bench(connector)
    await made.watch.configure(settings(A, B), made.tls)
    yield made
    await made.watch.stop()
    assert made.scheduler.jobs == {}
    connector.close()


async def test_every_target_of_the_settings_is_scheduled_once(bench: Bench) -> None:
    """Imaps has no healthcheck port; checks by address take no task each."""
    probes = {(each.probe, each.node, each.service) for each in bench.watch.targets}
    checked = {(kinds.CHECK, node, "smtp") for node in "ab"}
    spoken = {(kinds.HANDSHAKE, node, service) for node in "ab" for service in ("smtp", "imaps")}
    assert probes >= checked | spoken
    assert len(bench.watch.first_rounds) == 2
    assert bench.watch.first_rounds <= bench.scheduler.jobs.keys()
    quick = {key for key, job in bench.scheduler.jobs.items() if job.quick is not None}
    assert quick == bench.watch.first_rounds


async def test_a_reload_keeps_the_jobs_that_did_not_change(bench: Bench) -> None:
    """A node that goes takes its jobs along; the others are the very same."""
    before = dict(bench.scheduler.jobs)
    await bench.watch.configure(settings(A), bench.tls)
    after = bench.scheduler.jobs
    assert after.keys() == {key for key in before if "/b/" not in key}
    assert all(after[key] is before[key] for key in after)


async def test_another_tls_client_begins_every_handshake_anew(bench: Bench) -> None:
    """The probes hold the client; checks are made anew with them and keep their state in the book."""
    before = dict(bench.scheduler.jobs)
    await bench.watch.configure(settings(A, B), TlsClient())
    after = bench.scheduler.jobs
    assert after.keys() == before.keys()
    conversing = {key for key in before if "/handshake/" in key}
    assert len(conversing) == 4
    assert all(after[key] is not before[key] for key in conversing)


async def test_settings_in_force_are_recognised(bench: Bench) -> None:
    """The same settings and client change nothing; other ones do."""
    assert bench.watch.settled_by(settings(A, B), bench.tls)
    assert not bench.watch.settled_by(settings(A, B), TlsClient())
    assert not bench.watch.settled_by(settings(A), bench.tls)
    tls = settings(A, B).tls
    assert bench.watch.tls_for(tls) is bench.tls
    assert bench.watch.tls_for(replace(tls, verify=False)) is None


async def test_a_probe_by_hand_finds_its_target_or_none(bench: Bench) -> None:
    """A check is not a target of its own: its handshake is."""
    assert await bench.watch.runner.by_hand("c", "smtp") is None
    assert await bench.watch.runner.by_hand("a", "submission") is None


async def test_a_closed_port_hastens_its_neighbours(bench: Bench) -> None:
    """The same node's and the same service's other targets, and not the port itself."""
    closed = Target("home", kinds.HANDSHAKE, "a", "smtp")
    for each in (seen(closed), refused(closed)):
        bench.watch.runner.record(each)
    assert bench.watch.runner.pace(refused(closed)) is FAST
    kind = {key: key.split("/") for key in bench.scheduler.hastened}
    assert "/".join(closed) not in kind
    assert all("a" in parts or "smtp" in parts for parts in kind.values())
    assert len(kind) == len(bench.scheduler.hastened) == 4


async def test_the_status_is_the_books(bench: Bench) -> None:
    """Before the first probe run nothing is claimed."""
    status = bench.watch.status(asyncio.get_running_loop().time(), 1_000_000.0)
    assert status.name == "home"
    assert [each.up for each in (*status.checks, *status.handshakes)] == [None] * 6
