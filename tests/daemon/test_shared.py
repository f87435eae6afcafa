"""What all paths share: the end of a probe run on both clocks, and when a run can only be hanging."""

import asyncio

from monitor.core.observations import Span
from monitor.daemon.shared import Shared, limit
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from tests.daemon.telemetry import Telemetry
from tests.virtual_time import run_virtual

WALL = 1_790_000_000.0


def test_a_span_ends_on_both_clocks() -> None:
    """Durations come from the event loop's clock, stamps from the wall clock."""

    async def scenario() -> Span:
        telemetry, connector = Telemetry(), Connector()
        shared = Shared(Scheduler(telemetry), connector, lambda: WALL, telemetry.bug, lambda *_: None, lambda _: None)
        started = shared.now()
        await asyncio.sleep(1.5)
        span = shared.span(started)
        connector.close()
        return span

    assert run_virtual(scenario()) == Span(0.0, 1.5, WALL)


def test_a_run_hangs_only_well_after_its_own_deadline() -> None:
    """A short timeout leaves seconds for a busy machine, a long one its own length."""
    assert [limit(timeout) for timeout in (0.2, 3.0, 20.0)] == [5.4, 11.0, 45.0]
