"""The meaning of each verdict and hop: complete, and fit to be read at night."""

import pytest

from monitor.core.verdicts import Hop, Verdict
from monitor.publish.meanings import HOPS, VERDICTS, Advice


def test_every_verdict_and_hop_is_explained_in_its_order() -> None:
    """The order is that of the tables by which they are concluded."""
    assert list(VERDICTS) == list(Verdict)
    assert list(HOPS) == list(Hop)


@pytest.mark.parametrize("advice", [*VERDICTS.values(), *HOPS.values()])
def test_an_explanation_is_made_of_whole_sentences(advice: Advice) -> None:
    """What it means, and what to do about it."""
    for text in (advice.meaning, advice.remedy):
        assert text.endswith((".", "?"))
        assert text.count("`") % 2 == 0


@pytest.mark.parametrize("hop", [hop for hop in Hop if hop is not Hop.NONE])
def test_a_broken_hop_comes_with_a_command_to_run(hop: Hop) -> None:
    """A person who has just been woken up needs no further document."""
    assert HOPS[hop].commands
