"""What is counted: from 0, only what is expected, gone with its target."""

from monitor.core.observations import MaillogBatch, MaillogCounts, Repeat
from monitor.core.verdicts import Origin, Verdict
from monitor.publish.counters import ExpectedMaillog
from monitor.publish.metrics import Metrics
from tests import kinds
from tests.publish.scrape import metrics, scrape, select, value
from tests.publish.statuses import AT, REFUSED, haproxy_round, observation, target

LABELS = {"path": "home", "probe": "handshake", "node": "k8s-node1", "service": "smtp"}
LOG = ExpectedMaillog("home", "file", (2525, 10993), ("getpeername", "throttling"))


def counts(**changes: object) -> MaillogCounts:
    """Give the counts of a batch of ten lines."""
    values: dict[str, object] = {"path": "home", "source": "file", "at": AT, "lines": 10, "unrecognised": 4, **changes}
    return MaillogCounts(**values)  # type: ignore[arg-type]


def expecting() -> Metrics:
    """Give metrics that expect one handshake, one edge and one mail log."""
    source = metrics()
    source.expect([target(), target(kinds.HAPROXY, "pfsense", "")], [LOG])
    return source


def test_counters_of_what_is_expected_begin_at_zero() -> None:
    """Rate needs a zero to rise from: every counter but phase x reason is there at the first scrape."""
    series = scrape(expecting())
    assert value(series, "probes_total", **LABELS, result="success") == 0
    assert value(series, "probes_total", **LABELS, result="failure") == 0
    assert value(series, "maillog_lines_total", path="home", source="file") == 0
    assert value(series, "maillog_lines_unrecognised_total", path="home", source="file") == 0
    assert value(series, "maillog_problems_total", path="home", problem="throttling") == 0
    assert value(series, "self_inflicted_problems_total", path="home", problem="getpeername") == 0
    assert len(select(series, "maillog_connections_total", path="home")) == 2 * len(Origin)
    assert value(series, "schedule_skipped_total") == 0
    assert value(series, "probe_bugs_total") == 0
    assert value(series, "schedule_lag_seconds_count") == 0


def test_failures_and_timestamps_are_absent_until_there_is_one() -> None:
    """Phase x reason would be thousands of zeros, and a timestamp of 0 would be 1970."""
    series = scrape(expecting())
    absent = (
        "probe_failures_total",
        "probe_last_success_timestamp_seconds",
        "maillog_last_connection_timestamp_seconds",
    )
    assert [select(series, name) for name in absent] == [[], [], []]


def test_a_success_is_counted_timed_and_dated() -> None:
    """A round that succeeds counts, leaves its time, and fills the histogram by phase."""
    source = expecting()
    source.observe(observation(target(), Verdict.SLOW))
    series = scrape(source)
    assert value(series, "probes_total", **LABELS, result="success") == 1
    assert value(series, "probe_last_success_timestamp_seconds", **LABELS) == AT
    phase = {"path": "home", "probe": "handshake", "service": "smtp", "phase": "greeting"}
    assert value(series, "probe_duration_seconds_count", **phase) == 1
    assert value(series, "probe_duration_seconds_bucket", **phase, le="6.0") == 0
    assert value(series, "probe_duration_seconds_bucket", **phase, le="15.0") == 1


def test_a_repeat_counts_as_its_whole_observation_would() -> None:
    """A check that says nothing new is counted by a shorter way, and leaves the same series; a late one leaves none."""
    check = target(kinds.CHECK)
    shortly, whole = metrics(), metrics()
    for source in (shortly, whole):
        source.expect([check])
        source.observe(observation(check))
    repeat = Repeat(check, 10.0, 10.25, AT + 5, 0.25)
    shortly.repeat(repeat)
    whole.observe(repeat.whole)
    ours = [
        {key: number for key, number in scrape(source).items() if key[0].startswith("mailpath_")}
        for source in (shortly, whole)
    ]
    assert ours[0] == ours[1]
    assert value(ours[0], "probes_total", **{**LABELS, "probe": "check"}, result="success") == 2
    shortly.expect([])
    shortly.repeat(repeat)
    assert select(scrape(shortly), "probes_total") == []


def test_a_failure_is_counted_by_phase_and_reason() -> None:
    """A round that fails counts as failure, and its cause apart."""
    source = expecting()
    for _ in range(2):
        source.observe(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    series = scrape(source)
    assert value(series, "probes_total", **LABELS, result="failure") == 2
    assert value(series, "probe_failures_total", **LABELS, phase="connect", reason="refused") == 2
    assert value(series, "probe_last_success_timestamp_seconds", **LABELS) is None


def test_haproxy_and_mail_log_rounds_count_too() -> None:
    """For HAProxy node is the edge and service empty; for the mail log both are empty."""
    source = expecting()
    source.observe(haproxy_round(failure=REFUSED))
    source.observe(MaillogBatch("home", "file", 1.0, AT, lines=3))
    series = scrape(source)
    haproxy = {"path": "home", "probe": "haproxy", "node": "pfsense", "service": ""}
    assert value(series, "probe_failures_total", **haproxy, phase="connect", reason="refused") == 1
    assert value(series, "probes_total", path="home", probe="maillog", node="", service="", result="success") == 1
    assert value(series, "maillog_lines_total", path="home", source="file") == 0


def test_the_mail_log_is_counted_by_listener_origin_and_problem() -> None:
    """A classified batch adds lines, connections and problems, and dates the connections."""
    source = expecting()
    batch = counts(
        connections={(2525, Origin.EXTERNAL): 3}, problems={"throttling": 2}, self_inflicted={"throttling": 1}
    )
    source.count_maillog(batch)
    source.count_maillog(batch)
    series = scrape(source)
    origin = {"path": "home", "listener": "2525", "origin": "external"}
    assert value(series, "maillog_lines_total", path="home", source="file") == 20
    assert value(series, "maillog_lines_unrecognised_total", path="home", source="file") == 8
    assert value(series, "maillog_connections_total", **origin) == 6
    assert value(series, "maillog_last_connection_timestamp_seconds", **origin) == AT
    assert value(series, "maillog_problems_total", path="home", problem="throttling") == 4
    assert value(series, "self_inflicted_problems_total", path="home", problem="throttling") == 2
    assert len(select(series, "maillog_last_connection_timestamp_seconds")) == 1


def test_a_listener_or_problem_that_nobody_expects_makes_no_label() -> None:
    """A port in the log is a stranger's claim: it cannot grow the number of series."""
    source = expecting()
    before = len(scrape(source))
    source.count_maillog(counts(connections={(31337, Origin.EXTERNAL): 1}, problems={"invented": 1}))
    assert len(scrape(source)) == before


def test_series_vanish_with_their_target() -> None:
    """After a reload without it, nothing of a target is left; what stays keeps its counts."""
    source = expecting()
    stays = target(service="imaps")
    source.expect([target(), stays], [LOG])
    for asked in (target(), stays):
        source.observe(observation(asked))
        source.observe(observation(asked, Verdict.PORT_CLOSED, REFUSED))
    source.count_maillog(counts(connections={(2525, Origin.EXTERNAL): 1}))
    source.expect([stays])
    series = scrape(source)
    assert [name for name, key in series if ("service", "smtp") in key] == []
    assert [name for name, _ in series if name.startswith("mailpath_maillog")] == []
    assert value(series, "probes_total", **{**LABELS, "service": "imaps"}, result="success") == 1


def test_a_late_round_does_not_bring_a_target_back() -> None:
    """A round in flight at the reload ends afterwards and counts for nothing."""
    source = expecting()
    source.expect([])
    source.observe(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    assert [name for name, _ in scrape(source) if "_probe" in name and name != "mailpath_probe_bugs_total"] == []
