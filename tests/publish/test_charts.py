"""The drawings say in words what they show, and have no style of their own."""

from monitor.core.verdicts import Verdict
from monitor.publish.charts import day_strip, day_words, latency_chart
from monitor.publish.history import Day, Run
from monitor.publish.picture import Level
from monitor.publish.rounds import Round
from tests.publish.reader import Reader

DAY = Day(0.0, (Run(0, 276, Level.OK), Run(276, 12, Level.BAD)))


def test_a_day_is_told_in_words_too() -> None:
    """The worst first, with how long it lasted."""
    assert day_words(DAY) == "broken for 60 min, fine for 23 h"
    assert day_words(Day(0.0)) == "nothing seen yet"


def test_what_is_worse_stands_taller() -> None:
    """Colour is not the only sign."""
    strip = day_strip("Nodes", DAY)
    assert '<rect x="0" y="10" width="276" height="6" class="ok">' in strip
    assert '<rect x="276" y="0" width="12" height="16" class="bad">' in strip
    assert "style" not in strip


def test_rounds_are_a_line_and_failures_bars() -> None:
    """One round alone, and rounds that took no time at all, can be drawn as well."""
    rounds = [Round(1.0, 0.1, Verdict.OK), Round(2.0, 0.3, Verdict.SLOW), Round(3.0, 0.0, Verdict.PORT_CLOSED)]
    chart = latency_chart(rounds)
    assert Reader(chart).tags == ["svg", "line", "polyline"]
    assert 'points="0.0,58.0 300.0,6.0 600.0,84.0"' in chart
    assert "The last 3 rounds: median 100 ms, longest 300 ms, 1 failed" in chart
    assert 'points="0.0,84.0"' in latency_chart([Round(1.0, 0.0, Verdict.PORT_CLOSED)])
