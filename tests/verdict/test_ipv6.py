"""A header with IPv6 addresses: asked rarely, refused once, told as a finding and never as a verdict."""

from dataclasses import replace

import pytest

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure
from monitor.core.model import Service, Target
from monitor.core.observations import Judgement, MaillogBatch, Observation
from monitor.core.proof import NOTHING
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.ipv6 import NOOPS, Ipv6Book
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import Ipv6Plan
from tests import kinds
from tests.verdict.build import EDGE, SERVICES, SMTP, SMTPS, SUBMISSION, all_well, plan, target
from tests.verdict.lines import Log, batch, path

CLAIMED = "2001:db8:25::99"


def asked(service: Service) -> Target:
    """Name the IPv6 round of a service."""
    return target(kinds.IPV6_HEADER, "", service)


PLAN = Ipv6Plan(
    services={asked(service): service for service in SERVICES},
    claimed=CLAIMED,
    destination="2001:db8::25",
    needed=False,
    reply=True,
    log=False,
    refused_interval=3600.0,
    rests_on=kinds.HANDSHAKE,
)


def answered(service: Service, believed: str | None = None, *, now: float = 0.0) -> Observation:
    """Observe a round that came to its clean end."""
    ends = Endpoints("10.0.20.50", 40001, "10.0.20.101", service.node_port)
    conversation = Conversation(now, now, ends, {}, outcome=DialogueOutcome(believed_address=believed))
    return Observation(asked(service), now, now, now, Judgement(Verdict.OK), conversation=conversation)


def failed(service: Service, verdict: Verdict = Verdict.HEADER_REJECTED, *, now: float = 0.0) -> Observation:
    """Observe a round that did not."""
    return Observation(
        asked(service), now, now, now, Judgement(verdict, Failure(Phase.GREETING, Reason.HEADER_REJECTED))
    )


def test_what_is_taken_is_no_finding() -> None:
    """The header is taken, and where the server names its client, it names the claimed one in any spelling."""
    book = Ipv6Book(PLAN)
    book.record(answered(SMTP))
    book.record(answered(SUBMISSION, "2001:db8:25:0:0:0:0:99"))
    assert book.findings() == ()


@pytest.mark.parametrize(("needed", "severity"), [(True, "warning"), (False, "info")])
def test_a_refusal_is_a_finding_as_grave_as_it_hurts(needed: bool, severity: str) -> None:  # noqa: FBT001 - a column
    """Where an edge has IPv6 its clients are turned away; elsewhere it is worth knowing."""
    book = Ipv6Book(replace(PLAN, needed=needed))
    book.record(failed(SMTPS))
    (finding,) = book.findings()
    assert (finding.kind, finding.severity, finding.subject) == ("ipv6_header_refused", severity, "smtps")
    book.record(answered(SMTPS))
    assert book.findings() == ()


def test_another_address_is_a_lost_client() -> None:
    """The server names somebody else behind an IPv6 header: critical."""
    book = Ipv6Book(PLAN)
    book.record(answered(SUBMISSION, "10.0.20.101"))
    (finding,) = book.findings()
    assert (finding.kind, finding.severity) == ("ipv6_client_ip_lost", "critical")
    assert CLAIMED in finding.message


def test_a_server_that_refused_is_left_alone_for_longer() -> None:
    """Each refusal is a warning in its log: the next try comes after an hour, that of other services as usual."""
    book = Ipv6Book(PLAN)
    book.record(failed(SMTP, now=100.0))
    assert book.ask(asked(SMTP), 700.0) is None
    assert book.ask(asked(SMTP), 3700.0) == NOTHING
    assert book.ask(asked(SMTPS), 700.0) is not None


def test_replies_are_asked_for_where_the_server_gives_them_and_we_may() -> None:
    """A nonce on 465 and 587 only, and none where replies are not sought."""
    book = Ipv6Book(PLAN)
    assert [bool(ask.nonce) for service in SERVICES if (ask := book.ask(asked(service), 1.0))] == [
        False,
        True,
        True,
        False,
    ]
    book.replan(replace(PLAN, reply=False))
    assert book.ask(asked(SUBMISSION), 1.0) == NOTHING


def test_other_failures_tell_nothing() -> None:
    """A round that broke for another reason neither refuses nor clears."""
    book = Ipv6Book(PLAN)
    book.record(failed(SMTP))
    book.record(failed(SMTP, Verdict.NO_GREETING))
    assert [finding.kind for finding in book.findings()] == ["ipv6_header_refused"]


def test_without_a_plan_nothing_is_asked_and_everything_forgotten() -> None:
    """An IPv6 path needs no such round; after a reload that says so, findings are gone."""
    book = Ipv6Book(PLAN)
    book.record(failed(SMTP))
    book.replan(None)
    assert book.ask(asked(SMTP), 1e6) is None
    assert book.findings() == ()
    book.record(failed(SMTP))
    assert book.findings() == ()


def test_a_refused_family_touches_no_verdict() -> None:
    """The path stays what it is: every verdict ok, hop none; the finding is listed."""
    book = all_well(PathBook(replace(plan(), ipv6=PLAN)))
    book.record(failed(SMTP))
    status = book.status(0.0, 1_000_000.0)
    assert {each.verdict for each in status.handshakes} == {Verdict.OK}
    assert status.diagnosis.hop is Hop.NONE
    assert [finding.kind for finding in status.findings] == ["ipv6_header_refused"]


WITH_LOG = replace(PLAN, reply=False, log=True)


def read(book: Ipv6Book, lines: MaillogBatch) -> None:
    """Let lines come, named as the path's log names them."""
    book.record_log(lines, Log(path(destinations=(PLAN.destination,))).name(lines.records))


def shown(address: str, port: int = 40001) -> str:
    """Write postscreen's line about a round on port 25."""
    return f"postfix/smtpd-proxy25/postscreen[1]: CONNECT from [{address}]:{port} to [2001:db8::25]:25"


def test_the_log_shows_another_address_in_two_rounds() -> None:
    """One line under a foreign address may be a stranger's; two in a row under the same one are ours. It clears."""
    book = Ipv6Book(WITH_LOG)
    found = []
    for now, address in ((0.0, EDGE.address), (600.0, EDGE.address), (1200.0, CLAIMED)):
        book.record(answered(SMTP, now=now))
        read(book, batch(shown(address), now=now + 0.1))
        read(book, batch(now=now + 60.0))
        found.append([(finding.kind, finding.subject) for finding in book.findings()])
    assert found == [[], [("ipv6_client_ip_lost", "smtp")], []]


@pytest.mark.parametrize("line", [shown(EDGE.address, 40002), shown(CLAIMED), "postfix/qmgr[1]: something else"])
def test_what_the_log_does_not_show_is_no_loss(line: str) -> None:
    """Another's port, our own address, or no line at all."""
    book = Ipv6Book(WITH_LOG)
    for now in (0.0, 600.0):
        book.record(answered(SMTP, now=now))
        read(book, batch(line, now=now + 0.1))
        read(book, batch(now=now + 60.0))
    assert book.findings() == ()


def test_smtpd_is_given_a_number_to_log() -> None:
    """Its lines name no port: noop=N tells ours from others'. It does without where no log is read."""
    book = Ipv6Book(WITH_LOG)
    assert [ask.noops for service in SERVICES if (ask := book.ask(asked(service), 1.0))] == [0, NOOPS, NOOPS, 0]
    book.replan(PLAN)
    assert [ask.noops for service in SERVICES if (ask := book.ask(asked(service), 1.0))] == [0, 0, 0, 0]


def test_a_reload_that_seeks_no_log_forgets_what_it_showed() -> None:
    """A finding rests on evidence that is sought."""
    book = Ipv6Book(WITH_LOG)
    for now in (0.0, 600.0):
        book.record(answered(SMTP, now=now))
        read(book, batch(shown(EDGE.address), now=now + 0.1))
        read(book, batch(now=now + 60.0))
    assert book.findings()
    book.replan(PLAN)
    assert book.findings() == ()
