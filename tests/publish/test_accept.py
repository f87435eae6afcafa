"""What a client prefers."""

import pytest

from monitor.publish.accept import by_weight, weight_of

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("gzip", ["gzip"]),
        ("br;q=0.5,gzip", ["gzip", "br;q=0.5"]),
        ("gzip;q=0,br", ["br"]),
        ("text/plain;version=0.0.4;q=0.2,*/*;q=0.9", ["*/*;q=0.9", "text/plain;version=0.0.4;q=0.2"]),
    ],
)
def test_the_dearest_comes_first(header: str, order: list[str]) -> None:
    """What weighs nothing is refused."""
    assert by_weight(header) == order


@pytest.mark.parametrize(
    ("accept", "media_type", "weight"),
    [
        ("", "application/json", 0.0),
        ("*/*", "application/json", 1.0),
        ("Application/JSON", "application/json", 1.0),
        ("application/json;q=0.3, */*", "application/json", 0.3),
        ("text/*;q=0.4, */*;q=0.1", "text/event-stream", 0.4),
        ("application/json", "text/event-stream", 0.0),
        (CHROMIUM, "text/html", 1.0),
        (CHROMIUM, "text/event-stream", 0.8),
    ],
)
def test_the_most_specific_range_says_the_weight(accept: str, media_type: str, weight: float) -> None:
    """Wherever it stands in the header."""
    assert weight_of(media_type, accept) == weight
