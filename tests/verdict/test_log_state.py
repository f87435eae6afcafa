"""What the mail log teaches while nobody probes, line by line from its bytes on, minute by minute."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.observations import MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.log_state import DEAF_AFTER, NO_SIGNALS, THROTTLING_EXPLAINS_FOR, LogState
from monitor.verdict.traffic import ALL_LISTENERS
from tests.verdict import lines
from tests.verdict.build import EDGE, IMAPS, SERVICES, SMTP, SMTPS, SUBMISSION
from tests.verdict.lines import CLAIMED, INSIDE, OUTSIDE, batch, postscreen, smtpd

HOUR = 3600.0
FATAL = (
    "postfix/smtpd-proxy587/smtpd[17315]: fatal: smtpd_peer_hostaddr_to_sockaddr: cannot convert client address/port "
    "to string: Servname not supported for ai_socktype"
)
THROTTLING = "postfix/master[7031]: warning: /usr/lib/postfix/sbin/smtpd: bad command startup -- throttling"
LOCK = (
    "postfix/smtpd-proxy25/postscreen[4632]: fatal: btree:/var/lib/postfix/postscreen_cache: unable to get exclusive "
    "lock: Resource temporarily unavailable"
)
GETPEERNAME = "getpeername: Transport endpoint is not connected -- dropping this connection"


class Log:
    """What is remembered of a log, as the daemon has it."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._log = lines.log()
        self.book = self._log.state

    def say(self, now: float, *messages: str) -> None:
        """Let lines arrive."""
        self._log.read(batch(*messages, now=now))

    def hour(self, start: float, *messages: str) -> None:
        """Let the same lines arrive every minute of an hour."""
        for minute in range(60):
            self.say(start + minute * 60, *messages)


@pytest.fixture
def log() -> Log:
    """Give a fresh log."""
    return Log()


def test_at_first_the_log_says_nothing(log: Log) -> None:
    """Without any line there is no signal, and nothing is explained."""
    assert log.book.signals(0.0, HOUR) == NO_SIGNALS
    assert not log.book.throttled(SMTP, 0.0)


def test_a_fatal_explains_the_silence_of_its_own_listener(log: Log) -> None:
    """The syslog_name tells which smtpd died, and explains its silence for a minute and a half; not the others'."""
    log.say(10.0, FATAL)
    throttled = {each.name for each in SERVICES if log.book.throttled(each, 11.0)}
    assert throttled == {"submission"}
    assert not log.book.throttled(SUBMISSION, 10.0 + THROTTLING_EXPLAINS_FOR)


def test_what_was_before_a_greeting_explains_no_later_silence(log: Log) -> None:
    """Whoever has greeted since is not throttled, but hung."""
    log.say(10.0, FATAL, THROTTLING)
    assert log.book.throttled(SUBMISSION, 20.0, greeted=9.0)
    assert not log.book.throttled(SUBMISSION, 20.0, greeted=11.0)


def test_masters_throttling_may_be_any_smtpds(log: Log) -> None:
    """Postfix' master names a program, not a listener: any silent one may be it, and Dovecot's is none of them."""
    log.say(10.0, FATAL, THROTTLING)
    assert [each.name for each in SERVICES if not log.book.throttled(each, 11.0)] == ["imaps"]


def test_a_postscreen_without_its_cache_is_its_own_listeners_affair(log: Log) -> None:
    """Two postscreens on one cache: the one that dies is named."""
    log.say(10.0, LOCK)
    assert log.book.throttled(SMTP, 11.0)
    assert not log.book.throttled(SMTPS, 11.0)


def test_deferred_mail_is_a_signal_when_it_is_sustained(log: Log) -> None:
    """Three within five minutes raise it, five minutes without end it; two are an accident."""
    line = "postfix/cleanup[2]: warning: 4F1B2C3D4E: write queue file: No space left on device"
    log.say(0.0, line)
    log.say(10.0, line)
    assert not log.book.signals(10.0, None).deferring
    log.say(20.0, line)
    assert log.book.signals(319.0, None).deferring
    assert not log.book.signals(320.0, None).deferring


def test_noise_is_told_by_the_minute_above_a_threshold(log: Log) -> None:
    """48 lines a minute are noise; 10 a minute are few; when it ends it is told no more."""
    line = f"postfix/postscreen[17419]: warning: {GETPEERNAME}"
    log.hour(0.0, *[line] * 48)
    assert log.book.signals(HOUR, None).noise == 48.0
    assert log.book.signals(HOUR, None).local_checks == frozenset()
    log.hour(HOUR, *[line] * 10)
    assert log.book.signals(2 * HOUR, None).noise == 0.0
    assert log.book.signals(3 * HOUR, None) == NO_SIGNALS


def test_getpeername_of_the_proxy_listener_is_local_checks(log: Log) -> None:
    """Sustained at smtpd-proxy25 it names that listener."""
    for now in (0.0, 5.0, 10.0):
        log.say(now, f"postfix/smtpd-proxy25/postscreen[17010]: warning: {GETPEERNAME}")
    assert log.book.signals(10.0, None).local_checks == {SMTP.listener_port}
    assert log.book.signals(310.0, None).local_checks == frozenset()


def test_an_hour_without_outside_clients_is_silence(log: Log) -> None:
    """Counted from the last outside client, while lines still come; the house's and our own are not from outside."""
    log.say(0.0, *smtpd(OUTSIDE))
    log.hour(60.0, *smtpd(INSIDE), *smtpd(CLAIMED))
    assert log.book.signals(HOUR - 1, HOUR).silence is None
    assert log.book.signals(HOUR, HOUR).silence == HOUR
    assert log.book.signals(HOUR, None).silence is None
    log.say(HOUR + 60, *postscreen(OUTSIDE))
    assert log.book.signals(HOUR + 60, HOUR).silence is None


def test_silence_needs_somebody_who_was_there_before(log: Log) -> None:
    """Where no outside client was ever seen, none is missed."""
    for hour in range(3):
        log.hour(hour * HOUR, *smtpd(INSIDE))
    assert log.book.signals(3 * HOUR, HOUR).silence is None


def test_a_cut_log_is_no_silence_of_the_clients(log: Log) -> None:
    """Without any line the log is cut: nothing is judged then, and the hour begins anew when lines come again."""
    log.say(0.0, *smtpd(OUTSIDE))
    log.hour(60.0, *smtpd(INSIDE))
    assert log.book.signals(HOUR + DEAF_AFTER + 1, HOUR).silence is None
    log.hour(2 * HOUR, *smtpd(INSIDE))
    assert log.book.signals(3 * HOUR - 60, HOUR).silence is None
    log.say(3 * HOUR, *smtpd(INSIDE))
    assert log.book.signals(3 * HOUR, HOUR).silence == HOUR


def test_clients_that_come_back_as_the_edge_are_lost(log: Log) -> None:
    """Two hours as themselves, then as the edge: lost on that listener within minutes, though probes are fine."""
    for hour in range(2):
        log.hour(hour * HOUR, *smtpd(OUTSIDE), *smtpd(CLAIMED), *smtpd(INSIDE))
    assert log.book.signals(2 * HOUR, None).lost == ()
    log.hour(2 * HOUR, *smtpd(EDGE.address), *smtpd(CLAIMED), *smtpd(INSIDE))
    (loss,) = log.book.signals(2 * HOUR + 600, None).lost
    assert loss.listener == SUBMISSION.listener_port


def test_thin_losses_show_on_all_listeners_together(log: Log) -> None:
    """Two listeners with a client every three minutes each: none can be judged alone, both together can."""
    names = ("smtpd-proxy465", "smtpd-proxy587")
    for address, start in ((OUTSIDE, 0), (EDGE.address, 120)):
        for minute in range(0, 120, 3):
            now = (start + minute) * 60.0
            log.say(now, *(line for name in names for line in smtpd(address, name)))
    (loss,) = log.book.signals(237 * 60.0, None).lost
    assert loss.listener == ALL_LISTENERS


def test_the_release_of_postfix_is_remembered_until_another_one_is_named(log: Log) -> None:
    """Unknown until master names it; a reload of a newer one replaces it, other lines leave it."""
    named = "postfix/master[38]: {} -- version {}, configuration /etc/postfix"
    log.say(10.0, THROTTLING)
    assert log.book.signals(11.0, None).postfix_version is None
    log.say(20.0, named.format("daemon started", "3.7.11"))
    log.say(30.0, THROTTLING)
    assert log.book.signals(31.0, None).postfix_version == (3, 7, 11)
    log.say(40.0, named.format("reload", "3.11.7"))
    assert log.book.signals(90_000.0, None).postfix_version == (3, 11, 7)


def test_another_plan_keeps_the_listeners_that_stay(log: Log) -> None:
    """A reload forgets what was known of listeners that are gone, and nothing else."""
    log.say(10.0, FATAL, LOCK)
    log.book.replan([SUBMISSION, IMAPS])
    assert log.book.throttled(SUBMISSION, 11.0)
    log.book.replan(SERVICES)
    assert not log.book.throttled(SMTP, 11.0)


@given(
    st.lists(
        st.dictionaries(
            st.tuples(
                st.sampled_from([2525, 4465, 5587, 10993, 25, 993]),
                st.sampled_from([each for each in Origin if each not in {Origin.EDGE, Origin.EXTERNAL}]),
            ),
            st.integers(0, 50),
            max_size=6,
        ),
        max_size=200,
    )
)
@settings(deadline=None, max_examples=30)
def test_clients_of_the_house_are_never_lost(minutes: list[dict[tuple[int, Origin], int]]) -> None:
    """Whatever internal, cluster, loopback and probe connections come, after sound hours: no loss."""
    book = LogState(SERVICES)
    for minute in range(120):
        counts = {(port, Origin.EXTERNAL): 1 for port in (2525, 4465, 5587, 10993)}
        book.record(batch(), MaillogCounts("home", "file", 0.0, 1, 0, connections=counts, finished=minute * 60.0))
    for minute, connections in enumerate(minutes, 120):
        now = minute * 60.0
        book.record(batch(), MaillogCounts("home", "file", 0.0, 1, 0, connections=connections, finished=now))
        assert book.signals(now, None).lost == ()
