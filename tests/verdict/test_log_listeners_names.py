"""Under which names PROXY listeners log: given, the runbook's own, or learned from our own handshakes' lines."""

from dataclasses import replace

import pytest

from monitor.core.maillog import LogRecord
from monitor.core.model import Service
from monitor.verdict.log_listeners import NO_CLAIMS, UNKNOWN_FOR, UNKNOWN_NAMES, Listeners
from tests.verdict.build import EDGE, IMAPS, SERVICES, SMTP, SMTPS, SUBMISSION
from tests.verdict.lines import CLAIMED, OUTSIDE, batch

# Two nodes' claims of each service.
CLAIMS = {
    f"192.0.2.{10 * place + node}": service.listener_port for place, service in enumerate(SERVICES) for node in (1, 2)
}
BY = {
    service.name: [address for address, port in CLAIMS.items() if port == service.listener_port] for service in SERVICES
}
DESTINATIONS = [EDGE.address]
MAILCOW = "haproxy/postscreen"
CHART = "postfix/submission-proxyprotocol/smtpd"


def names(services: tuple[Service, ...] = SERVICES, claims: dict[str, int] = CLAIMS) -> Listeners:
    """The listeners of a path, nothing learned."""
    return Listeners(services, DESTINATIONS, claims)


def connect(program: str, address: str) -> LogRecord:
    """Give the record of a connection."""
    if program.endswith("/smtpd"):
        message = f"connect from unknown[{address}]"
    elif program.endswith("/postscreen"):
        message = f"CONNECT from [{address}]:40001 to [{EDGE.address}]:25"
    else:
        message = (
            f"imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip={address}, lip={EDGE.address}, TLS"
        )
    (record,) = batch(f"{program}[7]: {message}").records
    return record


def port(known: Listeners, program: str) -> int | None:
    """The listener that a client's line is of."""
    return known.of(connect(program, OUTSIDE))


@pytest.mark.parametrize(
    ("program", "service"),
    [
        (MAILCOW, SMTP),
        ("postfix/smtpd-proxyprotocol/postscreen", SMTP),
        ("postfix/smtps-haproxy/smtpd", SMTPS),
        ("postfix/submissions-proxyprotocol/smtpd", SMTPS),
        ("postfix/submission-haproxy/smtpd", SUBMISSION),
        (CHART, SUBMISSION),
        ("dovecot-proxy", IMAPS),
    ],
)
def test_a_name_is_learned_from_our_own_handshake(program: str, service: Service) -> None:
    """One line that shows an address that we claim; from then on clients under this name are that listener's."""
    known = names()
    assert port(known, program) is None
    known.learn(connect(program, BY[service.name][0]))
    assert port(known, program) == service.listener_port
    assert known.unnamed(0.0).unknown == ()


@pytest.mark.parametrize("address", [OUTSIDE, EDGE.address, CLAIMED, "192.0.2.99", "2001:db8:25::1"])
def test_nothing_else_teaches(address: str) -> None:
    """Not clients, not the edge, not an address of ours that no single handshake claims."""
    known = names()
    known.learn(connect(MAILCOW, address))
    assert port(known, MAILCOW) is None


def test_only_a_connection_teaches() -> None:
    """A folded line comes late, and a line of another kind may quote an address."""
    known = names()
    address = BY["smtp"][0]
    known.learn(connect(MAILCOW, address)._replace(repeats=3))
    (lost,) = batch(f"haproxy/postscreen[7]: HANGUP after 1 from [{address}]:7 in tests after SMTP handshake").records
    known.learn(lost)
    assert known.learned == {}


def test_what_was_learned_survives_a_new_plan() -> None:
    """As long as the service has the same listener, and no name is given for it."""
    known = names()
    known.learn(connect(CHART, BY["submission"][0]))
    known.replan(SERVICES, DESTINATIONS, NO_CLAIMS)  # no node is known for a while
    assert port(known, CHART) == SUBMISSION.listener_port
    known.replan(SERVICES, DESTINATIONS, {f"192.0.2.{200 + place}": 2525 for place in range(9)})
    assert port(known, CHART) == SUBMISSION.listener_port
    moved = (*SERVICES[:2], replace(SUBMISSION, listener_port=10587), IMAPS)
    known.replan(moved, DESTINATIONS, CLAIMS)
    assert port(known, CHART) is None


@pytest.mark.parametrize(
    ("given", "program"),
    [
        ("postfix/submission-proxyprotocol", CHART),
        (CHART, CHART),
        ("haproxy", "haproxy/smtpd"),
        ("postfix/submission", "postfix/submission/smtpd"),
    ],
)
def test_a_given_name_is_the_listeners(given: str, program: str) -> None:
    """With the daemon behind it or without, the stock port's own name included; the runbook's is none any more."""
    services = (SMTP, SMTPS, replace(SUBMISSION, syslog_name=given), IMAPS)
    known = names(services)
    assert port(known, program) == SUBMISSION.listener_port
    assert not known.is_stock(program)
    assert port(known, "postfix/smtpd-proxy587/smtpd") is None


def test_a_given_name_is_not_learned_away() -> None:
    """What the operator says holds; that our handshakes come out elsewhere is told."""
    services = (SMTP, SMTPS, replace(SUBMISSION, syslog_name="postfix/other"), IMAPS)
    known = names(services)
    ours = connect(CHART, BY["submission"][0])
    known.learn(ours)
    known.saw_unnamed(ours, 0.0)
    assert port(known, CHART) is None
    assert known.unnamed(0.0).unknown == (CHART,)


def test_a_given_name_of_dovecot() -> None:
    """Where it is not ``dovecot``, that one's PROXY connections are another instance's."""
    services = (*SERVICES[:3], replace(IMAPS, syslog_name="dovecot-proxy"))
    known = names(services)
    assert port(known, "dovecot-proxy") == IMAPS.listener_port
    assert port(known, "dovecot-other") is None


def test_of_wrongly_wired_nodeports_most_tell() -> None:
    """One NodePort that leads to a neighbour's listener does not take its name; where as many say so, none has it."""
    known = names(claims={**CLAIMS, "192.0.2.33": SMTPS.listener_port})
    name = "postfix/smtps-haproxy/smtpd"
    wrong = BY["submission"][0]
    known.learn(connect(name, wrong))
    known.learn(connect(name, BY["smtps"][0]))
    assert port(known, name) is None
    known.learn(connect(name, BY["smtps"][1]))
    assert port(known, name) == SMTPS.listener_port
    known.learn(connect(CHART, wrong))  # wired rightly again
    assert (port(known, name), port(known, CHART)) == (SMTPS.listener_port, SUBMISSION.listener_port)


def test_the_runbooks_names_are_never_another_services() -> None:
    """A handshake of submission that smtps logs is a wrong NodePort."""
    known = names()
    known.learn(connect("postfix/smtpd-proxy465/smtpd", BY["submission"][0]))
    assert known.learned == {}
    assert port(known, "postfix/smtpd-proxy465/smtpd") == SMTPS.listener_port


def test_an_smtpd_behind_postscreen_takes_no_name() -> None:
    """Whatever ``smtpd pass`` is called, the session began at postscreen."""
    known = names()
    address = BY["smtp"][0]
    for program in (MAILCOW, "postfix/smtpd", MAILCOW, "postfix/passed/smtpd"):
        known.learn(connect(program, address))
    assert known.learned == {MAILCOW: SMTP.listener_port}
    assert known.shared == {}


@pytest.mark.parametrize(
    ("program", "service"),
    [
        ("postfix/postscreen", SMTP),
        ("postfix/smtpd", SMTP),
        ("postfix/submission/smtpd", SUBMISSION),
        ("postfix/smtps/smtpd", SMTPS),
    ],
)
def test_a_listener_under_a_stock_name_is_told(program: str, service: Service) -> None:
    """It is not learned, for the stock port's clients have the same name; it ends when the name is its own."""
    known = names()
    stock = port(known, program)
    known.learn(connect(program, BY[service.name][0]))
    assert known.unnamed(0.0).shared == {service.listener_port: program}
    assert port(known, program) == stock
    known.learn(connect(f"postfix/own/{program.rpartition('/')[2]}", BY[service.name][0]))
    assert known.unnamed(0.0).shared == {}


def test_unknown_names_are_told_until_they_are_known_or_silent() -> None:
    """Each name once, for an hour after its last line; and no more than a handful."""
    known = names()
    known.saw_unnamed(connect(MAILCOW, OUTSIDE), 0.0)
    known.saw_unnamed(connect(CHART, OUTSIDE), 100.0)
    known.saw_unnamed(connect(MAILCOW, OUTSIDE), 200.0)
    assert known.unnamed(200.0).unknown == (MAILCOW, CHART)
    assert known.unnamed(100.0 + UNKNOWN_FOR).unknown == (MAILCOW,)
    known.learn(connect(MAILCOW, BY["smtp"][1]))
    assert known.unnamed(200.0).unknown == ()
    for number in range(3 * UNKNOWN_NAMES):
        known.saw_unnamed(connect(f"postfix/a{number}/smtpd", OUTSIDE), 300.0)
    assert len(known.unnamed(300.0).unknown) == UNKNOWN_NAMES


@pytest.mark.parametrize(
    "program",
    ["postfix/smtpd", "postfix/postscreen", "postfix/submission/smtpd", "dovecot", "postfix/smtpd-proxy465/smtpd"],
)
def test_known_names_are_never_told_as_unknown(program: str) -> None:
    """Not even where the service is dropped: that was said on purpose."""
    known = names((SMTP,))
    known.saw_unnamed(connect(program, OUTSIDE), 0.0)
    assert known.unnamed(0.0).unknown == ()


def test_which_listeners_have_been_seen() -> None:
    """Until one of our handshakes has shown the name of each, an unknown name may be theirs."""
    known = names()
    known.saw_unnamed(connect("postfix/extra/smtpd", OUTSIDE), 0.0)
    assert known.unnamed(0.0).unseen == {2525, 4465, 5587, 10993}
    for program, service in (
        ("postfix/smtpd-proxy25/postscreen", SMTP),
        ("postfix/smtps-haproxy/smtpd", SMTPS),
        (CHART, SUBMISSION),
        ("dovecot", IMAPS),
    ):
        known.learn(connect(program, BY[service.name][0]))
    assert known.unnamed(0.0).unseen == frozenset()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the number of addresses, whatever comes and goes."""
    monkeypatch.setattr("monitor.verdict.log_listeners.REMEMBERED", 64)
    known = names()
    for number in range(100):
        known.replan(SERVICES, DESTINATIONS, {f"a{number}": 2525})
        known.learn(connect(MAILCOW, OUTSIDE)._replace(address=f"a{number}", program=f"h{number % 7}/postscreen"))
    assert len(known._votes) == 64  # noqa: SLF001 - what is kept
    assert len(known.learned) == 7
