"""The meaning of each phase and reason of a failure: complete, and fit to be read at night."""

import pytest

from monitor.core.remedies import PHASES, REASONS
from monitor.core.taxonomy import Phase, Reason


def test_every_phase_and_reason_is_explained_in_its_order() -> None:
    """The documents list them as the closed sets do."""
    assert list(PHASES) == list(Phase)
    assert list(REASONS) == list(Reason)


@pytest.mark.parametrize(
    "text", [*PHASES.values(), *(text for advice in REASONS.values() for text in (advice.meaning, advice.remedy))]
)
def test_an_explanation_is_made_of_whole_sentences(text: str) -> None:
    """A full stop at the end, and every code span closed."""
    assert text.endswith((".", "?"))
    assert text.count("`") % 2 == 0
