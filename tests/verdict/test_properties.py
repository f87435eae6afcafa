"""Whatever comes, in whatever order, at whatever time: what a path's status never does."""

import gc
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure
from monitor.core.maillog import LineKind, LogRecord
from monitor.core.model import Target
from monitor.core.observations import Judgement, MaillogBatch, Observation
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.diagnosis import RULES
from monitor.verdict.log_proof import REMEMBERED_LINES
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import PathPlan
from tests import kinds
from tests.verdict import kube_build
from tests.verdict.anything import Event, Replan, events, plans
from tests.verdict.build import haproxy, mute, refused, silent
from tests.verdict.paths import KNOWN
from tests.verdict.scene import MINUTE, Scene, every, invented, proving, shows

# Nothing passes, a fast round, a slot, and so long that nothing known is worth anything.
PASSING = (0.0, 0.0, 0.5, 10.0, 10.0, 60.0, 200.0, 4000.0)
FAILING = frozenset(verdict for verdict in Verdict if not verdict.up)


class History:
    """What came, as a list: the plainest memory, by which the book's is judged."""

    def __init__(self, plan: PathPlan) -> None:
        """Begin with a fresh book."""
        self.book = PathBook(plan)
        self.rounds: defaultdict[Target, list[bool]] = defaultdict(list)

    def add(self, event: Event) -> None:
        """Let something happen."""
        if isinstance(event, Replan):
            self.book.replan(event.plan)
            planned = {each.target for each in event.plan.targets}
            self.rounds = defaultdict(list, {each: seen for each, seen in self.rounds.items() if each in planned})
            return
        self.book.record(event)
        if isinstance(event, Observation) and any(each.target == event.target for each in self.book.plan.targets):
            self.rounds[event.target].append(event.ok)

    def status(self, now: float) -> PathStatus:
        """Give the book's status."""
        return self.book.status(now, 1_000_000.0 + now)


@st.composite
def happenings(draw: st.DrawFn) -> tuple[PathPlan, list[tuple[float, Event]]]:
    """Draw a plan and all that happens to it, each with its time."""
    rise, fall = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    replans = plans(rise, fall)
    first = plan = draw(replans)
    now, happened = draw(st.sampled_from([0.0, 1e6])), []
    for _ in range(draw(st.integers(0, 20))):
        now += draw(st.sampled_from(PASSING))
        event = draw(events(plan, now, replans))
        plan = event.plan if isinstance(event, Replan) else plan
        happened.append((now, event))
    return first, happened


def holds(history: History, status: PathStatus) -> None:
    """Hold a status against what must always be true of it."""
    plan, shown = history.book.plan, every(status)
    assert sorted(each.target for each in shown) == sorted(each.target for each in plan.targets)
    for each in shown:
        follows_rise_and_fall(each, history.rounds[each.target], plan)
        assert not each.stale or each.verdict is Verdict.UNKNOWN
        assert each.verdict not in FAILING - {Verdict.UNKNOWN} or each.up is False
        asked = any(edge.asked for edge in status.edges) and each.target.probe is kinds.HANDSHAKE
        assert (each.agreement is not None) is asked
    unknown = [each for each in shown if each.verdict is Verdict.UNKNOWN]
    if unknown or any(not each.verdict.up for each in shown):
        assert status.health.status != "pass"
    if status.diagnosis.hop is Hop.NONE:
        assert {each.verdict for each in shown} <= {Verdict.OK, Verdict.SLOW}
        assert not status.diagnosis.unexplained
    told_once(status)
    wavering = {finding.subject for finding in status.findings if finding.kind == "intermittent"}
    assert wavering <= {f"{each.target.node}:{each.target.service}" for each in shown if each.up and not each.stale}


def follows_rise_and_fall(shown: TargetStatus, rounds: list[bool], plan: PathPlan) -> None:
    """Hold up against the rounds: the first counts at once, then so many in a row turn it."""
    measure = next(each.measure for each in plan.targets if each.target == shown.target)
    up = rounds[0] if rounds else None
    for end in range(1, len(rounds) + 1):
        needed = measure.fall if up else measure.rise
        last = rounds[max(0, end - needed) : end]
        if len(last) == needed and all(ok is not up for ok in last):
            up = not up
    assert shown.up is up


def told_once(status: PathStatus) -> None:
    """Hold the diagnosis against the table: its order, and each cause once.

    That SSH fails beside a front door that is not fine is no row of the table, and is said last.
    """
    shown = status.diagnosis
    others = [other.partition(": ") for other in shown.others]
    causes = [(shown.hop, shown.summary), *((Hop(hop), summary) for hop, _, summary in others)]
    assert len(set(causes)) == len(causes)
    rows = causes[:-1] if len(causes) > 1 and causes[-1][0] is Hop.MONITOR else causes
    order = [list(Hop).index(hop) for hop, _ in rows]
    assert order == sorted(order)
    assert not set(shown.effects) & set(shown.evidence)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(happenings())
def test_whatever_comes_the_status_keeps_its_promises(happened: tuple[PathPlan, list[tuple[float, Event]]]) -> None:
    """Exactly one verdict a target and one hop, nothing ok that is stale, up by rise and fall, each cause once."""
    plan, happening = happened
    history = History(plan)
    holds(history, history.status(0.0))
    for now, event in happening:
        history.add(event)
        holds(history, history.status(now))
    end = happening[-1][0] if happening else 0.0
    later = history.status(end + 1e5)
    holds(history, later)
    assert {each.verdict for each in every(later)} <= {Verdict.UNKNOWN}
    assert later.health.status != "pass"
    assert later.diagnosis.hop is not Hop.NONE or not every(later)


SIGHTS = st.sampled_from([*Verdict, invented()]).map(shows) | st.sampled_from([refused, silent, mute])
PLACES = st.tuples(
    st.sampled_from(["check", "handshake", "front_door", "*"]),
    st.sampled_from(["k8s-node1", "k8s-node?", "pfsense", "*"]),
    st.sampled_from(["smtp", "imaps", "s*", "*"]),
).map(" ".join)


@st.composite
def faults(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw a healthy path by name, and one fault: of targets, of an edge, of the mail log, or of HAProxy's view."""
    fault: dict[str, Any] = draw(
        st.fixed_dictionaries({"sees": st.dictionaries(PLACES, SIGHTS, min_size=1, max_size=1)})
        | st.sampled_from(
            [
                {"edges": {"pfsense": Phase.SSH}},
                {"edges": {"pfsense": Phase.COMMAND}},
                {"log": Reason.NOT_FOUND},
                {"taken_out": ["k8s-node2 smtp"]},
                {"deferrals": 3},
            ]
        )
    )
    return draw(st.sampled_from(list(KNOWN))), fault


def test_a_healthy_path_with_one_fault_keeps_its_promises() -> None:
    """Hop none before and after it, with every dialogue known; another hop while it lasts, or nothing that fails."""
    reached: Counter[str] = Counter()

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(faults())
    def befall(drawn: tuple[str, dict[str, Any]]) -> None:
        known, fault = drawn
        plan = KNOWN[known]
        history = History(plan)
        well, broken = Scene(plan), Scene(plan, **fault)
        for minute, scene in enumerate([well, well, *[broken] * 3, *[well] * 9], start=1):
            now = minute * MINUTE
            for event in scene.observations(now):
                history.add(event)
            if plan.cluster is not None:
                history.book.record(kube_build.looked(now=now))
            status = history.status(now)
            holds(history, status)
            reached["statuses"] += 1
            reached["none"] += status.diagnosis.hop is Hop.NONE and len(status.dialogues) >= 8
            reached["broken"] += status.diagnosis.hop is not Hop.NONE
        assert (status.diagnosis.hop, status.health.status) == (Hop.NONE, "pass")

    befall()
    # Two healthy minutes before and one after each fault, whatever is drawn; most faults show.
    examples = reached["statuses"] // 14
    assert examples >= 25
    assert reached["none"] >= 3 * examples
    assert reached["broken"] >= examples // 4


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(happenings())
def test_the_same_observations_give_the_same_status(happened: tuple[PathPlan, list[tuple[float, Event]]]) -> None:
    """Nothing else enters: neither a clock, nor chance, nor how often somebody has asked."""
    plan, happening = happened
    once, again = History(plan), History(plan)
    for now, event in happening:
        once.add(event)
        again.add(event)
        assert once.status(now) == again.status(now) == again.status(now)


def test_the_rules_stand_in_the_order_of_the_hops() -> None:
    """The first row that names a cause is the first hop that applies."""
    order = [list(Hop).index(hop) for hop, _ in RULES]
    assert order == sorted(order)
    assert len({rule for _, rule in RULES}) == len(RULES)


def test_memory_is_bounded() -> None:
    """Ten thousand observations more take no more room than the first ten thousand."""
    book = PathBook(proving())
    sizes = []
    for part in range(2):
        for number in range(part * 10_000, (part + 1) * 10_000):
            _flood(book, number)
        book.status(10_000.0 * (part + 1), 1e6)
        sizes.append(_lengths(book))
    assert max(sizes[1]) <= REMEMBERED_LINES
    assert sum(sizes[1]) <= 1.01 * sum(sizes[0])


def _flood(book: PathBook, number: int) -> None:
    """Bring what never came before: another failure, another client, another edge, another target."""
    now = float(number)
    targets = book.plan.targets
    failure = Failure(Phase.GREETING, Reason.CLOSED, f"connection {number}") if number % 3 else None
    outcome = None if failure else DialogueOutcome(proof_reply="554", believed_address="192.0.2.77")
    ends = Endpoints("10.0.20.50", 1024 + number, "10.0.20.101", 30125)
    spoken = Conversation(now, now, ends, {}, outcome=outcome, failure=failure)
    judgement = Judgement(Verdict.NO_GREETING if failure else Verdict.OK, failure)
    where = targets[number % len(targets)].target
    for target in (where, Target("home", kinds.HANDSHAKE, f"node{number}", "smtp")):
        book.record(Observation(target, now, now, now, judgement, answered=True, conversation=spoken))
    book.record(replace(haproxy(now=now), edge=f"edge{number}"))
    address = f"203.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    line = LogRecord(
        LineKind.POSTSCREEN_CONNECT, "", "postfix/smtpd-proxy25/postscreen", 1, address, 4, "", 0, -1, "", ""
    )
    book.record(MaillogBatch("home", "file", now, now, (line,), lag=0.0))


def _lengths(book: PathBook) -> list[int]:
    """Give the lengths of all containers that a book holds, however deep."""
    seen, lengths, waiting = {id(book)}, [], [book]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Collection) and not isinstance(each, str | bytes):
            lengths.append(len(each))
        for held in gc.get_referents(each):
            if id(held) not in seen and not isinstance(held, type) and not callable(held):
                seen.add(id(held))
                waiting.append(held)
    return lengths
