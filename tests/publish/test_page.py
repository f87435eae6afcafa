"""The status page: everything at one look, and nothing that a peer could smuggle in."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.core.model import ProbeKind, Target
from monitor.publish.page import duration, render
from tests.publish.statuses import broken_status, edge, path_status, server, target_status
from tests.publish.test_markup import Reader

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\udc80"


class Loads(HTMLParser):
    """Collects every address that a browser would fetch or follow."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what refers elsewhere."""
        self.addresses.extend(value or "" for name, value in attrs if name in {"href", "src", "action", "srcset"})


def test_the_page_shows_the_whole_path() -> None:
    """Diagnosis, picture, matrix with latency, edges with their servers, and the mail log are there."""
    text = Reader(render([path_status()]).decode()).text
    for shown in (
        "Nothing is broken.",
        "Backends",
        "k8s-node1",
        "imaps",
        "250 ms",
        "RUNNING",
        "ready",
        "Mail log (file)",
    ):
        assert shown in text


def test_a_fault_is_named_with_evidence_and_remedy() -> None:
    """What broke stands in the title too, where a background tab shows it."""
    text = Reader(render([broken_status("2525 refuses")]).decode()).text
    for shown in (
        "✕ home: listener",
        "listener_down",
        "lb_up_path_down",
        "Evidence",
        "Next: 2525 refuses",
        "HAProxy down",
    ):
        assert shown in text


def test_no_path_is_said_so() -> None:
    """An empty daemon has a page as well."""
    assert b"No path is configured." in render([])


def test_hostile_words_stay_words() -> None:
    """In names, details, reasons and HAProxy's answers alike, markup is text."""
    hostile = Target(HOSTILE, ProbeKind.HANDSHAKE, HOSTILE, HOSTILE)
    path = replace(
        broken_status(HOSTILE),
        name=HOSTILE,
        handshakes=(target_status(hostile), *broken_status(HOSTILE).handshakes),
        edges=(replace(edge(), name=HOSTILE, reason=HOSTILE, servers=(replace(server(), name=HOSTILE),)),),
    )
    page = render([path]).decode()
    assert not {"script", "img"} & set(Reader(page).tags)
    assert "onerror" in Reader(page).text


def test_the_page_asks_nothing_of_the_outside_world() -> None:
    """Every address is relative: no other host, and any prefix of a proxy works."""
    addresses = Loads(render([broken_status("http://evil.example/")]).decode()).addresses
    assert addresses
    assert [each for each in addresses if ":" in each or each.startswith("/")] == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0042, "4 ms"), (6.02, "6.0 s"), (42, "42 s"), (119, "119 s"), (600, "10 min"), (7200, "2 h"), (200000, "2 d")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    """One unit, two or three digits."""
    assert duration(seconds) == text
