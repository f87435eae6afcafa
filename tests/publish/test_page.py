"""The status page: everything at one look, and nothing that a peer could smuggle in."""

from dataclasses import replace
from html.parser import HTMLParser

from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.runbook import Remedy
from monitor.core.status import Diagnosis
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.publish.journal import Journal
from monitor.publish.page import render, render_target
from tests import kinds
from tests.publish.reader import Reader
from tests.publish.statuses import AT, broken_status, edge, observation, path_status, server, target, target_status
from tests.views import showing

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
        "HAProxy still sends clients here",
        "Evidence",
        "2525 refuses",
        "HAProxy down",
    ):
        assert shown in text


def test_a_command_can_be_copied_and_prose_cannot() -> None:
    """The words of a remedy are text; behind the button is the command alone."""
    path = broken_status()
    hop = path.diagnosis.hop
    for remedy, buttons in ((Remedy("Go there.", "date -u"), 1), (Remedy("Go there."), 0), (None, 0)):
        page = render([replace(path, diagnosis=Diagnosis(hop, "It is down.", remedy=remedy), findings=())]).decode()
        assert (page.count(">Copy</button>"), page.count("Copy: date -u")) == (buttons, buttons)
        assert ("Go there." in page) is (remedy is not None)


def test_no_path_is_said_so() -> None:
    """An empty daemon has a page as well."""
    assert b"No path is configured." in render([])


def test_hostile_words_stay_words() -> None:
    """In names, details, reasons and HAProxy's answers alike, markup is text."""
    hostile = Target(HOSTILE, kinds.HANDSHAKE, HOSTILE, HOSTILE)
    path = showing(
        broken_status(HOSTILE),
        name=HOSTILE,
        handshakes=(target_status(hostile), *broken_status(HOSTILE).handshakes),
        edges=(replace(edge(), name=HOSTILE, reason=HOSTILE, servers=(replace(server(), name=HOSTILE),)),),
    )
    page = render([path]).decode()
    assert Reader(page).tags.count("script") == 1  # our own
    assert "img" not in Reader(page).tags
    assert "onerror" in Reader(page).text


def test_the_page_asks_nothing_of_the_outside_world() -> None:
    """Every address is relative: no other host, and any prefix of a proxy works."""
    addresses = Loads(render([broken_status("http://evil.example/")]).decode()).addresses
    assert addresses
    assert [each for each in addresses if ":" in each or each.startswith("/")] == []


def test_a_target_has_a_page_of_its_own() -> None:
    """Its meaning, its rounds and every kept transcript; hostile words stay words here too."""
    journal = Journal(lambda: AT)
    journal.configure({"home": 5})
    failed = observation(target(), Verdict.PORT_CLOSED, Failure(Phase.CONNECT, Reason.REFUSED, HOSTILE))
    for each in (observation(target()), failed, failed):
        journal.record(each)
    path = broken_status()
    status = path.handshakes[0]
    page = render_target(path, status, journal.rounds.of(status.target), journal.view([path])).decode()
    text = Reader(page).text
    assert "The last 3 rounds: median 250 ms, longest 250 ms, 2 failed" in text
    assert text.count("failed at connect: refused") == 2
    assert "user-patches.sh" in text
    assert "img" not in Reader(page).tags
    assert Reader(page).tags.count("polyline") == 1


def test_strangers_are_masked_everywhere() -> None:
    """An address of the internet is masked wherever it stands, one of the house is not."""
    page = render([broken_status("from 8.8.4.4 by 10.0.20.7")]).decode()
    assert "8.8.4.4" not in page
    assert "from 8.8.4.x by 10.0.20.7" in page


def test_events_are_told_newest_first() -> None:
    """What changed last stands on top, as a sentence; of several paths each has its own."""
    journal = Journal(lambda: AT)
    change = {"path": "home", "node": "k8s-node1", "service": "smtp", "before": "ok"}
    journal.keep("warning", "verdict.changed", change | {"after": "slow"})
    journal.keep("warning", "verdict.changed", change | {"path": "away", "after": "port_closed"})
    journal.keep("warning", "verdict.changed", change | {"after": "turned_away"})
    home = path_status()
    one = Reader(render([home], journal.view([home])).decode()).text
    assert one.index("k8s-node1 smtp: ok → turned_away") < one.index("k8s-node1 smtp: ok → slow")
    away = replace(home, name="away")
    several = Reader(render([home, away], journal.view([home, away])).decode()).text
    assert several.count("ok → port_closed") == several.count("ok → slow") == 1


def test_the_last_day_stands_under_every_hop() -> None:
    """Each hop has its strip, and a reader without eyes hears what it shows."""
    journal = Journal(lambda: AT)
    journal.update([broken_status()])
    page = render([broken_status()], journal.view([broken_status()])).decode()
    assert 'aria-label="Listeners, the last 24 hours: broken for 5 min"' in page
