"""The exposition: both formats, compression, what mailpath says of itself."""

import gzip
import platform

import pytest

from tests.publish.scrape import OPENMETRICS, metrics, read, scrape, value
from tests.publish.statuses import path_status, target


def test_mailpath_says_what_it_is() -> None:
    """build_info names version, revision and Python; the loop's lag is asked for at the scrape."""
    series = scrape(metrics(lag=0.25))
    python = platform.python_version()
    assert value(series, "build_info", version="1.2.3", revision="abcdef", pythonversion=python) == 1
    assert value(series, "event_loop_lag_seconds") == 0.25


def test_the_process_is_measured_as_by_every_exporter() -> None:
    """process_* and python_* are there; of ours nothing is outside the prefix."""
    names = {name for name, _ in scrape(metrics())}
    assert {"process_resident_memory_bytes", "process_open_fds", "python_info"} <= names
    assert {name.split("_")[0] for name in names} == {"mailpath", "process", "python"}


def test_the_state_of_the_configuration_is_told() -> None:
    """A refused reload is 0 and keeps the time of the last good one; before any load there is neither."""
    source = metrics()
    assert value(scrape(source), "config_last_reload_successful") is None
    source.config_loaded(1000.0)
    assert value(scrape(source), "config_last_reload_successful") == 1
    source.config_refused()
    series = scrape(source)
    assert value(series, "config_last_reload_successful") == 0
    assert value(series, "config_last_reload_success_timestamp_seconds") == 1000


def test_the_beat_is_measured() -> None:
    """Lateness, skipped slots and bugs are counted as the engine tells them."""
    source = metrics()
    source.started(0.003, 2)
    source.skipped(4)
    source.bug("handshake", RuntimeError("unexpected"))
    series = scrape(source)
    assert value(series, "schedule_lag_seconds_bucket", le="0.0025") == 0
    assert value(series, "schedule_lag_seconds_bucket", le="0.005") == 2
    assert value(series, "schedule_lag_seconds_sum") == 0.006
    assert value(series, "schedule_skipped_total") == 4
    assert value(series, "probe_bugs_total") == 1


def test_a_snapshot_is_not_moved_by_what_follows() -> None:
    """What is rendered in a worker thread is the moment of the scrape, whatever is counted meanwhile."""
    source = metrics()
    source.expect([target()])
    snapshot = source.snapshot([])
    source.skipped(1)
    source.started(1.0, 1)
    series = read(snapshot.expose("", "").body.decode())
    assert value(series, "schedule_skipped_total") == 0
    assert value(series, "schedule_lag_seconds_count") == 0


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;version=1.x", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=;;;=,\x00", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;q=0.5, text/plain", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;q=0, */*;q=0.1", "text/plain; version=0.0.4"),
        ("application/json, application/openmetrics-text; q=0.2", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;version=0.0.1,text/plain;q=0.5", "text/plain; version=0.0.4"),
    ],
)
def test_the_format_is_negotiated(accept: str, content_type: str) -> None:
    """Who would rather have OpenMetrics gets it, everybody else text, and nonsense is no error."""
    exposition = metrics().snapshot([path_status()]).expose(accept, "")
    assert exposition.content_type.startswith(content_type)
    assert exposition.body.endswith(b"# EOF\n") == ("openmetrics" in exposition.content_type)


def test_gzip_is_honoured() -> None:
    """A scraper that takes gzip gets it, and it holds the same."""
    snapshot = metrics().snapshot([path_status()])
    exposition = snapshot.expose("", "deflate, gzip;q=0.5")
    assert exposition.gzipped
    assert b"mailpath_handshake_up" in gzip.decompress(exposition.body)
    assert not snapshot.expose("", "br").gzipped
    assert not snapshot.expose("", "gzip;q=0, *").gzipped
