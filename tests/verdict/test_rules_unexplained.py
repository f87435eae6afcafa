"""Nothing that fails is healthy: every verdict at every kind of target, on paths where all else is well."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
import structlog
from structlog.testing import capture_logs

from monitor.core.observations import NegativeObservation
from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.publish import catalogue
from monitor.publish.check_report import ExitStatus, Style, as_json, as_text, exit_status
from monitor.publish.events import EventLog
from monitor.publish.gauges import gauges
from monitor.publish.healthz import answer
from monitor.publish.page import render
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.verdict.build import SMTP, all_well, check, handshake, haproxy, log_alive, negative, plan, refused, seen
from tests.verdict.paths import AT, KNOWN, play
from tests.verdict.scene import Scene, every, invented, name, shows

WHOLE = "one edge, with its cluster"
HEALTHY = "Every hop is healthy."
PROBED = (kinds.CHECK, kinds.HANDSHAKE, kinds.FRONT_DOOR)
FINE = {Verdict.OK, Verdict.SLOW}
EVERY_VERDICT = (*Verdict, invented())


def groups(kind: kinds.ProbeKind, known: str) -> list[str]:
    """Patterns of targets of a kind that fail together: one and all; where all is configured, parts of them too."""
    named = [name(each.target) for each in KNOWN[known].targets if each.target.probe is kind]
    if not named:
        return []
    _, node, service = named[-1].split()
    parts = [f"{kind} {node} *", f"{kind} * {service}"] if known == WHOLE else []
    return [f"{kind} {node} {service}", f"{kind} *", *parts]


@pytest.mark.parametrize("known", KNOWN)
def test_hop_none_is_for_fine_verdicts_alone(known: str) -> None:
    """Whatever else a target shows, a hop is named, and of what fails each target is named or counted."""
    reached: Counter[tuple[str, bool]] = Counter()
    for kind in PROBED:
        for verdict in EVERY_VERDICT:
            for pattern in groups(kind, known):
                status = _befallen(known, pattern, verdict)
                shown = {name(each.target): each.verdict for each in every(status)}
                hit = {target for target in shown if fnmatchcase(target, pattern)}
                # What the matrix makes of a verdict is its own matter: a fine one stays fine, and no other turns fine.
                assert {shown[target] in FINE for target in hit} == {verdict in FINE}
                _holds(status, hit, fine=verdict in FINE)
                reached[kind, verdict in FINE] += 1
    patterns = {WHOLE: 4}.get(known, 2)
    for kind in PROBED:
        asked = patterns if kind is not kinds.FRONT_DOOR or KNOWN[known].edges else 0
        assert reached[kind, True] == asked * len(FINE)
        assert reached[kind, False] == asked * (len(EVERY_VERDICT) - len(FINE))


def _befallen(known: str, pattern: str, verdict: Verdict) -> PathStatus:
    book = PathBook(KNOWN[known])
    healthy = play(book, Scene(book.plan), 0, 1)
    assert (healthy.diagnosis.hop, healthy.diagnosis.summary) == (Hop.NONE, HEALTHY)
    assert healthy.dialogues
    return play(book, Scene(book.plan, sees={pattern: shows(verdict)}), 1, 2)


def _holds(status: PathStatus, hit: set[str], *, fine: bool) -> None:
    found = status.diagnosis
    assert (found.hop is Hop.NONE) is fine
    assert (found.summary == HEALTHY) is fine
    assert (status.health.status == "pass") <= fine
    lines = {line.partition(":")[0] for line in (*found.evidence, *found.effects, *found.unexplained)}
    failing = {name(each.target) for each in every(status) if each.verdict not in FINE | {Verdict.UNKNOWN}}
    if len(hit) == 1:
        assert failing <= lines
    unexplained = {line.partition(":")[0] for line in found.unexplained}
    assert unexplained <= failing
    causes = [found.hop, *(other.partition(":")[0] for other in found.others)]
    assert (Hop.UNEXPLAINED in causes) is bool(unexplained)
    assert len(causes) == len(set(causes)) or Hop.MONITOR in causes


def test_a_verdict_that_no_rule_knows_is_shown_as_it_is() -> None:
    """Four handshakes of one node: which, how, and the command that repeats the first of them."""
    status = _befallen("one edge", "handshake k8s-node2 *", invented())
    found = status.diagnosis
    assert found.hop is Hop.UNEXPLAINED
    assert found.summary == (
        "No rule explains why handshake k8s-node2 smtp, handshake k8s-node2 smtps, handshake k8s-node2 submission "
        "and 1 more fail (invented)."
    )
    assert found.evidence == found.unexplained
    assert found.evidence[0] == "handshake k8s-node2 smtp: invented (greeting: closed)"
    assert len(found.evidence) == 4
    assert str(found.remedy) == "mailpath probe k8s-node2 smtp --path home"


def check_before_handshake() -> PathStatus:
    """A healthcheck port that is closed, while the data port beside it has not been asked again since."""
    book = all_well(PathBook(plan()))
    for now in (1.0, 2.0):
        book.record(refused(check(SMTP), now=now))
    return book.status(2.0, AT + 2.0)


def test_a_closed_port_of_which_nothing_more_is_known_is_tried_by_hand() -> None:
    """A bare connect, as the check itself."""
    found = check_before_handshake().diagnosis
    assert found.hop is Hop.UNEXPLAINED
    assert found.summary == "No rule explains why check k8s-node1 smtp fails (port_closed)."
    assert str(found.remedy) == "nc -vz 10.0.20.101 30145"


def test_one_poll_of_everything_explains_a_closed_port_by_the_data_port_that_served_later() -> None:
    """As `mailpath check` does it: every target once, and one status at the end."""
    book = PathBook(plan(fall=1))
    for each in book.plan.targets:
        book.record(seen(each.target, now=1.0))
    book.record(haproxy(now=1.0))
    book.record(log_alive(now=1.0))
    book.record(refused(check(SMTP), now=0.5))
    found = book.status(2.0, AT + 2.0).diagnosis
    assert (found.hop, found.unexplained) == (Hop.NODEPORT, ())


def test_what_is_explained_is_not_counted_and_what_is_not_is_counted_beside_it() -> None:
    """An expired certificate is the hop; a handshake that fails for no known cause is listed and counted."""
    book = PathBook(plan())
    play(book, Scene(book.plan), 0, 1)
    sees = {"[hf]* imaps": shows(Verdict.TLS_INVALID), "handshake k8s-node2 smtp": shows(invented())}
    status = play(book, Scene(book.plan, sees=sees), 1, 2)
    assert status.diagnosis.hop is Hop.TLS
    assert status.diagnosis.unexplained == ("handshake k8s-node2 smtp: invented (greeting: closed)",)
    assert [other.partition(":")[0] for other in status.diagnosis.others] == [Hop.UNEXPLAINED]
    assert gauges([status]).values[catalogue.UNEXPLAINED_TARGETS] == {("home",): 1.0}


def test_the_metric_is_there_from_the_first_scrape_and_goes_with_its_path() -> None:
    """Zero before anything is known; no series without the path."""
    fresh = PathBook(plan()).status(0.0, AT)
    assert gauges([fresh]).values[catalogue.UNEXPLAINED_TARGETS] == {("home",): 0.0}
    assert not gauges([]).values[catalogue.UNEXPLAINED_TARGETS]


@pytest.mark.parametrize(
    ("pattern", "health", "status"),
    [
        ("handshake k8s-node2 smtp", "warn", ExitStatus.WARNING),
        ("handshake * smtp", "fail", ExitStatus.CRITICAL),
        ("handshake * smtps", "warn", ExitStatus.WARNING),
    ],
)
def test_health_and_check_follow_the_targets(pattern: str, health: str, status: ExitStatus) -> None:
    """One node of two warns, a required service without any fails, one that is not required warns."""
    shown = _befallen("one edge", pattern, invented())
    assert shown.diagnosis.hop is Hop.UNEXPLAINED
    assert shown.health.status == health
    assert exit_status([shown]) is status
    told = answer([shown], None, None)
    assert told.status == (503 if health == "fail" else 200)
    assert told.document["status"] == health
    assert told.document["checks"]["diagnosis:unexplained"][0]["output"] == shown.diagnosis.summary
    text = as_text([shown], Style(width=160))
    assert text.splitlines()[0] == f"{status.name}: home: unexplained: {shown.diagnosis.summary}"
    assert "Next: mailpath probe" in text
    assert '"hop": "unexplained"' in as_json([shown])


def test_the_page_shows_it_with_its_evidence_and_its_command() -> None:
    """In the title too; the matrix shows the verdict by its name."""
    shown = _befallen("one edge", "handshake k8s-node2 *", invented())
    page = render([shown]).decode()
    assert "▲ home: unexplained" in page
    assert shown.diagnosis.summary in page
    assert HEALTHY not in page
    for line in shown.diagnosis.unexplained:
        assert line in page
    assert "<code>mailpath probe k8s-node2 smtp --path home</code>" in page


def test_its_begin_and_its_end_are_events() -> None:
    """The change of the diagnosis carries the sentence and the command."""
    kept: list[tuple[str, str, Mapping[str, str]]] = []
    with capture_logs():
        log = EventLog(structlog.get_logger(), lambda *event: kept.append(event))
        for verdict in (Verdict.OK, invented(), Verdict.OK):
            log.update([_befallen("one edge", "handshake k8s-node2 smtp", verdict)])
    changes = [(level, fields) for level, event, fields in kept if event == "diagnosis.changed"]
    assert [(level, fields["after"]) for level, fields in changes] == [("warning", "unexplained"), ("info", "none")]
    assert changes[0][1]["remedy"] == "mailpath probe k8s-node2 smtp --path home"


def test_an_open_relay_breaks_no_hop_and_is_not_called_healthy() -> None:
    """What must be refused and was accepted is in the sentence."""
    relay = negative(handshake(SMTP)._replace(probe=kinds.RELAY_CANARY, node=""), 60.0, 5.0)
    book = all_well(PathBook(replace(plan(), negatives=(relay,))))
    assert book.status(0.0, AT).diagnosis.summary == HEALTHY
    book.record(NegativeObservation(relay.target, "k8s-node1", 0.0, 0.0, AT, refused=False, reply="250 2.1.5 Ok"))
    found = book.status(0.0, AT).diagnosis
    assert found.hop is Hop.NONE
    assert found.summary == "No hop is broken, but something needs attention: open_relay (smtp)."


def test_it_ends_with_its_cause() -> None:
    """One good round of each target, and nothing is left of it."""
    book = PathBook(plan())
    play(book, Scene(book.plan), 0, 1)
    play(book, Scene(book.plan, sees={"handshake *": shows(invented())}), 1, 2)
    for each in book.plan.targets:
        book.record(seen(each.target, now=200.0))
    found = book.status(200.0, AT + 200.0).diagnosis
    assert (found.hop, found.unexplained) == (Hop.NONE, ())
