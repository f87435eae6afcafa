"""The way of a line: named once, by what the lines before it have taught."""

from dataclasses import replace

from monitor.core.conversation import Conversation, Endpoints
from monitor.core.observations import MaillogCounts
from monitor.core.verdicts import Origin, Verdict
from monitor.verdict.path_book import PathBook
from tests.verdict import build, proving
from tests.verdict.build import EDGE, SMTP, SUBMISSION, door
from tests.verdict.lines import CLAIMED, OUTSIDE, Log, batch, log, path, smtpd

OTHER = "postfix/submission-haproxy/smtpd[7]: connect from unknown"
OWN = "10.0.20.66"


def test_each_line_has_its_listener_and_its_clients_origin() -> None:
    """In the order of the lines; what tells no listener has none."""
    messages = (*smtpd(OUTSIDE), *smtpd(EDGE.address), "postfix/smtpd[1]: connect from unknown[192.0.2.77]")
    named = log().name(batch(*messages).records)
    external, edge = (5587, Origin.EXTERNAL), (5587, Origin.EDGE)
    assert [line[1:] for line in named] == [external, external, edge, edge, (None, Origin.PROBE)]


def test_a_line_of_ours_teaches_for_those_behind_it() -> None:
    """The name of its listener, of a claim that one handshake alone makes."""
    known = Log(path(claims={CLAIMED: SUBMISSION.listener_port}))
    lines = batch(f"{OTHER}[{OUTSIDE}]", f"{OTHER}[{CLAIMED}]", f"{OTHER}[{OUTSIDE}]")
    assert [listener for _, listener, _ in known.name(lines.records)] == [None, 5587, 5587]


def test_without_a_source_the_log_is_forgotten_and_names_are_not() -> None:
    """A log that is followed again is a new one; what handshakes have taught of the server still holds."""
    plan = path(claims={CLAIMED: SUBMISSION.listener_port})
    known = Log(plan)
    known.read(batch(f"{OTHER}[{CLAIMED}]"))
    assert known.state.status("file", 0.0, None) != Log(plan).state.status("file", 0.0, None)
    known.replan(replace(plan, maillog_source=None))
    known.replan(plan)
    assert known.state.status("file", 0.0, None) == Log(plan).state.status("file", 0.0, None)
    assert known.read(batch(f"{OTHER}[{OUTSIDE}]")).connections == {(5587, Origin.EXTERNAL): 1}


def test_the_address_of_our_own_front_door_is_learned_from_its_probe_run() -> None:
    """However it ended: from then on its lines are ours, and no client's."""
    counted: list[MaillogCounts] = []
    book = PathBook(proving.plan(), counted.append)
    ends = Endpoints(OWN, 40001, EDGE.address, 25)
    failed = build.seen(door(SMTP), Verdict.NO_GREETING)
    for _ in range(2):
        book.record(batch(*smtpd(OWN)))
        book.record(replace(failed, conversation=Conversation(0.0, 0.0, ends, {}, failure=build.MUTE)))
    assert [dict(each.connections) for each in counted] == [{(5587, Origin.INTERNAL): 1}, {(5587, Origin.PROBE): 1}]
