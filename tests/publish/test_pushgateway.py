"""What a Pushgateway is told: the names that older alerts know, and never a last success that was none."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.roundtrip import Roundtrip
from monitor.publish.pushgateway import exposition, push_path


def samples(result: Roundtrip) -> dict[str, float]:
    """Read the text as Prometheus does."""
    families = text_string_to_metric_families(exposition(result).decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_success() -> None:
    """All four, the timestamp to the second and better."""
    assert samples(Roundtrip("home", 1_790_000_000.25, success=True, duration=3.5, via_backup=True)) == {
        "email_roundtrip_success": 1.0,
        "email_roundtrip_duration_seconds": 3.5,
        "email_roundtrip_last_success_timestamp": 1_790_000_000.25,
        "email_roundtrip_via_backup": 1.0,
    }


def test_a_failure_says_nothing_of_the_last_success() -> None:
    """What POST does not name stays as it was."""
    assert samples(Roundtrip("home", 1_790_000_000.0, success=False, duration=300.0)) == {
        "email_roundtrip_success": 0.0,
        "email_roundtrip_duration_seconds": 300.0,
        "email_roundtrip_via_backup": 0.0,
    }


@pytest.mark.parametrize(
    ("url", "pushed_to"),
    [
        ("http://gateway:9091", "http://gateway:9091/metrics/job/email-roundtrip-monitor"),
        ("http://gateway:9091/push/", "http://gateway:9091/push/metrics/job/email-roundtrip-monitor"),
        ("http://gateway:9091/metrics/job/mine", "http://gateway:9091/metrics/job/mine"),
    ],
)
def test_where_to_push(url: str, pushed_to: str) -> None:
    """A gateway's address gets the job's path; a whole push URL is taken as it is."""
    assert push_path(url) == pushed_to
