"""The rule about a message's whole journey: a cause only where nothing on its way is known to be broken."""

from dataclasses import replace

import pytest

from monitor.core.roundtrip import Roundtrip, RoundtripStatus, Step
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Evidence
from monitor.verdict.log_state import NO_SIGNALS
from monitor.verdict.roundtrips import not_arriving
from tests.verdict import build
from tests.verdict.build import status_of, well
from tests.views import showing

GOOD = status_of(well())
ARRIVED = Roundtrip("home", 1_000_000.0, success=True, duration=12.0)
LOST = Roundtrip("home", 1_000_000.0, success=False, duration=300.0, step=Step.ARRIVE, detail="it did not arrive")


def evidence(last: Roundtrip | None, overdue: float | None = None) -> Evidence:
    """Give a sound path with this roundtrip."""
    status = RoundtripStatus(last, overdue=overdue)
    return Evidence(build.plan(), GOOD.targets, GOOD.edges, GOOD.maillog, roundtrip=status)


@pytest.mark.parametrize("step", [*Step, None])
def test_a_failure_is_a_cause_with_a_command_for_its_step(step: Step | None) -> None:
    """Without a step the message is missing."""
    cause = not_arriving(evidence(replace(LOST, step=step)))
    assert cause is not None
    assert cause.summary
    assert cause.remedy
    assert cause.explains == frozenset()
    lost = not_arriving(evidence(LOST))
    assert (cause.summary == (lost and lost.summary)) is (step in {Step.ARRIVE, None})


def test_silence_where_results_are_expected_is_a_cause() -> None:
    """Even where the last result was a success."""
    assert not_arriving(evidence(ARRIVED, overdue=3720.0)) is not None
    assert not_arriving(evidence(None, overdue=3720.0)) is not None


def test_a_success_or_no_roundtrip_is_no_cause() -> None:
    """Nothing is claimed of what was never tried."""
    assert not_arriving(evidence(ARRIVED)) is None
    assert not_arriving(evidence(None)) is None
    assert not_arriving(replace(evidence(LOST), roundtrip=None)) is None


def test_a_known_fault_on_the_way_explains_it() -> None:
    """A front door that fails, or a mail server that defers what it accepts."""
    down = tuple(replace(door, verdict=Verdict.NO_GREETING) for door in GOOD.front_doors)
    assert not_arriving(showing(evidence(LOST), front_doors=down)) is None
    deferring = replace(NO_SIGNALS, deferring=True)
    assert not_arriving(replace(evidence(LOST), log=deferring)) is None
