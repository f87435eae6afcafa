"""Two small drawings, as SVG without a style of its own: a hop's last day, and a target's last rounds."""

from collections.abc import Sequence
from statistics import median

from monitor.publish.history import SLOT, SLOTS, Day
from monitor.publish.markup import Markup, tag
from monitor.publish.picture import Level, level_of
from monitor.publish.rounds import Round
from monitor.publish.words import LEVEL_WORDS, duration

# Height says the same as colour: what is worse stands taller.
_HEIGHTS = {Level.OK: 6, Level.UNKNOWN: 2, Level.WARN: 11, Level.BAD: 16}
_TALLEST = 16
_WIDTH, _HEIGHT, _FOOT = 600, 90, 6


def day_strip(title: str, day: Day) -> Markup:
    """Draw a hop's last day, oldest at the left; what was not seen stays empty."""
    bars = [
        tag(
            "rect",
            x=str(run.start),
            y=str(_TALLEST - _HEIGHTS[run.level]),
            width=str(run.length),
            height=str(_HEIGHTS[run.level]),
            class_=run.level,
        )
        for run in day.runs
    ]
    return tag(
        "svg",
        *bars,
        class_="strip",
        viewBox=f"0 0 {SLOTS} {_TALLEST}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{title}, the last 24 hours: {day_words(day)}",
    )


def day_words(day: Day) -> str:
    """Say in words what the strip shows."""
    lengths: dict[Level, int] = {}
    for run in day.runs:
        lengths[run.level] = lengths.get(run.level, 0) + run.length
    told = (Level.BAD, Level.WARN, Level.UNKNOWN, Level.OK)
    parts = [f"{LEVEL_WORDS[level]} for {duration(lengths[level] * SLOT)}" for level in told if level in lengths]
    return ", ".join(parts) or "nothing seen yet"


def latency_chart(rounds: Sequence[Round]) -> Markup:
    """Draw how long each of the last rounds took, oldest at the left; what failed stands as a bar."""
    longest = max(each.duration for each in rounds)
    step = _WIDTH / max(1, len(rounds) - 1)
    scale = (_HEIGHT - 2 * _FOOT) / longest if longest else 0.0
    spots = [(index * step, _HEIGHT - _FOOT - each.duration * scale, each) for index, each in enumerate(rounds)]
    failed = [
        tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1="0", y2=str(_HEIGHT), class_=Level.BAD)
        for x, _, each in spots
        if level_of(each.verdict) is Level.BAD
    ]
    line = tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots), class_="latency")
    return tag(
        "svg",
        *failed,
        line,
        class_="spark",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=latency_words(rounds),
    )


def latency_words(rounds: Sequence[Round]) -> str:
    """Say in words what the chart shows."""
    lengths = [each.duration for each in rounds]
    failed = sum(level_of(each.verdict) is Level.BAD for each in rounds)
    middle, longest = duration(median(lengths)), duration(max(lengths))
    return f"The last {len(rounds)} rounds: median {middle}, longest {longest}, {failed or 'none'} failed"
