"""What the mail log teaches, as the path's status tells it: findings, diagnosis, health."""

from dataclasses import replace

import pytest

from monitor.core.maillog import Problem
from monitor.core.observations import MaillogBatch, MaillogCounts, UnnamedListeners
from monitor.core.status import Finding, PathStatus
from monitor.core.verdicts import Hop, Origin, Verdict
from monitor.verdict.path_book import PathBook
from monitor.wire.maillog import MaillogParser
from tests.verdict.build import (
    NODES,
    SERVICES,
    SMTP,
    all_well,
    door,
    handshake,
    haproxy,
    log_alive,
    mute,
    plan,
    seen,
    server,
)
from tests.verdict.scene import proving

HOUR = 3600.0


def count(book: PathBook, now: float, **changes: object) -> None:
    """Let a batch be counted so, whatever its lines were."""
    values: dict[str, object] = {"lines": 1, "unrecognised": 0, "finished": now, **changes}
    counts = MaillogCounts("home", "file", 1_000_000.0 + now, **values)  # type: ignore[arg-type]
    book._log.state.record(log_alive(now=now), counts)  # noqa: SLF001 - thousands of lines in place of their counts


@pytest.fixture
def book() -> PathBook:
    """Give a path with a mail log whose silence is judged after an hour."""
    return PathBook(replace(plan(), wan_silence=HOUR))


def clients(book: PathBook, start: float, minutes: int, origin: Origin) -> float:
    """Let a client come every half minute; give the time of the last."""
    now = start
    for step in range(2 * minutes):
        now = start + step * 30
        count(book, now, connections={(5587, origin): 1})
    return now


def status(book: PathBook, now: float) -> PathStatus:
    """Give the status with every probe fine."""
    return all_well(book, now).status(now, 1_000_000.0 + now)


def with_names(book: PathBook, now: float, unnamed: UnnamedListeners) -> PathStatus:
    """The status with every probe fine, after a batch whose names leave this open."""
    count(all_well(book, now), now, unnamed=unnamed)
    return book.status(now, 1_000_000.0 + now)


def found(shown: PathStatus, kind: str) -> Finding:
    """Find the one finding of a kind."""
    (finding,) = [each for each in shown.findings if each.kind == kind]
    return finding


def test_lost_clients_are_the_hop_client_ip_while_every_verdict_is_ok(book: PathBook) -> None:
    """A critical finding by listener, hop client_ip, and a warning of health; the probes' verdicts stay ok."""
    end = clients(book, 0.0, 120, Origin.EXTERNAL)
    assert status(book, end).findings == ()
    end = clients(book, end, 20, Origin.EDGE)
    shown = status(book, end)
    assert shown.diagnosis.hop is Hop.CLIENT_IP
    assert "5587" in shown.diagnosis.evidence[0]
    assert found(shown, "client_ip_lost").severity == "critical"
    assert {each.verdict for each in shown.handshakes} == {Verdict.OK}
    assert shown.health.status == "warn"


def test_lost_clients_explain_the_silence_outside(book: PathBook) -> None:
    """An hour of clients that all come as the edge is no dead way in."""
    end = clients(book, 0.0, 120, Origin.EXTERNAL)
    shown = status(book, clients(book, end, 90, Origin.EDGE))
    assert shown.diagnosis.hop is Hop.CLIENT_IP
    assert shown.diagnosis.others == ()


def test_our_own_lost_address_is_told_once(book: PathBook) -> None:
    """Where the probes lose their address too, theirs is the cause, and the clients' the finding."""
    end = clients(book, clients(book, 0.0, 120, Origin.EXTERNAL), 20, Origin.EDGE)
    all_well(book, end)
    book.record(seen(handshake(SMTP), Verdict.CLIENT_IP_LOST, now=end))
    shown = book.status(end, 1_000_000.0 + end)
    assert shown.diagnosis.hop is Hop.CLIENT_IP
    assert shown.diagnosis.others == ()
    assert found(shown, "client_ip_lost")


def silence(book: PathBook) -> float:
    """Let one outside client come, and then an hour of the house's own."""
    count(book, 0.0, connections={(5587, Origin.EXTERNAL): 1})
    return clients(book, 60.0, 60, Origin.INTERNAL)


def test_an_hour_of_silence_behind_open_doors_is_the_wan(book: PathBook) -> None:
    """Hop wan, a finding and a warning, with the command that shows the redirects; a client ends it."""
    end = silence(book)
    shown = status(book, end)
    assert shown.diagnosis.hop is Hop.WAN
    assert "pfctl" in str(shown.diagnosis.remedy)
    assert found(shown, "wan_silence").severity == "warning"
    assert shown.health.status == "warn"
    count(book, end + 1, connections={(2525, Origin.EXTERNAL): 1})
    assert status(book, end + 1).diagnosis.hop is Hop.NONE


@pytest.mark.parametrize("verdict", [Verdict.NO_GREETING, Verdict.HEADER_REJECTED])
def test_silence_behind_a_broken_front_door_is_the_doors(book: PathBook, verdict: Verdict) -> None:
    """Nobody comes because nobody could: the front door is the cause, alone."""
    end = silence(book)
    all_well(book, end)
    for _ in range(2):
        book.record(seen(door(SMTP), verdict, now=end))
    shown = book.status(end, 1_000_000.0 + end)
    assert shown.diagnosis.hop is Hop.BACKEND
    assert shown.diagnosis.others == ()


def test_silence_is_off_where_it_is_not_wanted() -> None:
    """``wan_silence: null``: an hour without anybody is nothing."""
    book = PathBook(plan())
    assert status(book, silence(book)).diagnosis.hop is Hop.NONE


def test_deferred_mail_is_the_mail_server_while_every_verdict_is_ok(book: PathBook) -> None:
    """451 and 452 in the log: hop mail_server, a warning, verdicts ok; it clears by itself."""
    count(book, 0.0, problems={Problem.TEMPFAIL: 3})
    shown = status(book, 0.0)
    assert shown.diagnosis.hop is Hop.MAIL_SERVER
    assert found(shown, "tempfail").severity == "warning"
    assert {each.verdict for each in shown.handshakes} == {Verdict.OK}
    assert shown.health.status == "warn"
    assert status(book, 300.0).diagnosis.hop is Hop.NONE


def test_a_mute_smtpd_is_throttled_where_its_own_fatal_stands_in_the_log(book: PathBook) -> None:
    """The service whose listener logged the fatal is throttled, at its front door too; another mute one is not."""
    all_well(book)
    count(book, 0.0, problems={Problem.SERVNAME_FATAL: 1}, located={(5587, Problem.SERVNAME_FATAL): 1})
    for _ in range(2):
        for service in SERVICES[:3]:
            book.record(mute(handshake(service)))
            book.record(mute(door(service)))
    shown = book.status(1.0, 1_000_001.0)
    by_service = {each.target.service: each.verdict for each in shown.handshakes if each.target.node == NODES[0].name}
    assert by_service["submission"] is Verdict.THROTTLED
    assert by_service["smtps"] is Verdict.NO_GREETING
    doors = {each.target.service: each.verdict for each in shown.front_doors}
    assert (doors["submission"], doors["smtps"]) == (Verdict.THROTTLED, Verdict.NO_GREETING)


def test_noise_is_explained_and_is_no_fault(book: PathBook) -> None:
    """Hundreds of lines a minute of checks: information with a remedy; nothing is diagnosed, health passes."""
    for minute in range(6):
        count(book, minute * 60.0, problems={Problem.EDGE_CHECK_NOISE: 440})
    shown = status(book, 360.0)
    finding = found(shown, "edge_check_noise")
    assert (finding.severity, "check port" in str(finding.remedy)) == ("info", True)
    assert shown.diagnosis.hop is Hop.NONE
    assert shown.health.status == "pass"


def test_getpeername_is_told_with_the_backend_that_makes_it(book: PathBook) -> None:
    """A pool without `check port` leads to 30125: the finding names it; of none that is known, it says so."""
    for now in (0.0, 5.0, 10.0):
        count(book, now, problems={Problem.GETPEERNAME: 4}, located={(2525, Problem.GETPEERNAME): 4})
    assert "by nobody" in found(status(book, 10.0), "getpeername").message
    pool = replace(server(SMTP, NODES[0]), backend="mailserver_nodes", check_port=0)
    book.record(haproxy(*(server(each, node) for each in SERVICES for node in NODES), pool, now=10.0))
    shown = book.status(10.0, 1_000_010.0)
    assert "mailserver_nodes" in found(shown, "getpeername").message
    assert found(shown, "check_port").severity == "warning"
    assert shown.diagnosis.hop is Hop.NONE


def test_a_log_that_nobody_understands_is_told_with_a_masked_line() -> None:
    """A warning and hop maillog, while the dialogues work; a line that is read ends both."""
    book = PathBook(proving())
    unread = {"lines": 9, "unrecognised": 9, "tagged": 9, "example": "dovecot: imap-login: Signed in: …"}
    for now in (0.0, 10.0, 20.0):
        all_well(book, now)
        book.record(MaillogBatch("home", "file", now + 1.0, 1_000_001.0 + now, **unread))  # type: ignore[arg-type]
    shown = book.status(40.0, 1_000_040.0)
    finding = found(shown, "log_not_understood")
    assert finding.severity == "warning"
    assert "3 handshakes" in finding.message
    assert "Signed in" in finding.message
    assert shown.diagnosis.hop is Hop.MAILLOG
    assert shown.health.status == "warn"
    line = b"2026-11-30T18:16:02+00:00 mail postfix/smtpd[1]: connect from unknown[192.0.2.77]"
    book.record(MaillogBatch("home", "file", 41.0, 1_000_041.0, tuple(MaillogParser().feed(line)), lines=1))
    shown = all_well(book, 42.0).status(42.0, 1_000_042.0)
    assert shown.findings == ()
    assert shown.diagnosis.hop is Hop.NONE


def test_smtpd_that_expects_a_header_behind_postscreen_is_told(book: PathBook) -> None:
    """Postfix warns of it at each connection; five minutes without end the finding."""
    count(book, 0.0, problems={Problem.PROXY_IGNORED: 1})
    finding = found(status(book, 1.0), "proxy_ignored")
    assert (finding.severity, "smtpd_upstream_proxy_protocol" in finding.message) == ("warning", True)
    assert status(book, 301.0).findings == ()


def test_a_listener_of_an_unknown_name_is_a_warning(book: PathBook) -> None:
    """As long as the listener of a service may be it; it ends with the batch that knows better."""
    unnamed = UnnamedListeners(unknown=("haproxy/postscreen",), unseen=frozenset({2525}))
    shown = with_names(book, 0.0, unnamed)
    finding = found(shown, "listener_name_unknown")
    assert (finding.severity, finding.subject) == ("warning", "haproxy/postscreen")
    assert "haproxy/postscreen" in finding.message
    assert finding.remedy is not None
    assert "syslog_name" in finding.remedy.words
    assert "haproxy/postscreen" not in (finding.remedy.command or "")
    assert shown.health.status == "warn"
    assert status(book, 5.0).findings == ()


def test_a_further_listener_is_information(book: PathBook) -> None:
    """Where all of ours are seen under their names, it may well be none of ours."""
    shown = with_names(book, 0.0, UnnamedListeners(unknown=("postfix/extra/smtpd",)))
    assert found(shown, "listener_name_unknown").severity == "info"
    assert shown.health.status == "pass"


def test_a_listener_under_a_stock_name_is_a_warning(book: PathBook) -> None:
    """The service is named, and what to write into master.cf."""
    shown = with_names(book, 0.0, UnnamedListeners(shared={5587: "postfix/submission/smtpd"}))
    finding = found(shown, "listener_name_unknown")
    assert (finding.severity, finding.subject) == ("warning", "submission")
    assert "postfix/submission/smtpd" in finding.message


def test_a_log_without_programs_is_one_finding(book: PathBook) -> None:
    """Whatever daemons it is known by."""
    unnamed = UnnamedListeners(unknown=("-/postscreen", "-/smtpd"), unseen=frozenset({2525}))
    assert found(with_names(book, 0.0, unnamed), "listener_name_unknown").subject == "maillog"
