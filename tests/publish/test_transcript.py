"""One handshake told in full, as text and as metrics."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest

from monitor.core.verdicts import Verdict
from monitor.publish.transcript import ProbeMetrics, printable, transcript_text
from tests.publish.scrape import read
from tests.publish.statuses import AT, REFUSED, TLS, observation, target


def test_the_transcript_tells_everything() -> None:
    """Target, verdict, phases and each line of the wire with its time."""
    text = transcript_text(observation(target(), tls=TLS))
    assert text.startswith("handshake of smtp on k8s-node1 (path home)\nverdict: ok\ntls: TLSv1.3 ")
    assert "connect           0.0020 s\n" in text
    assert "   0.1000 < 220 mail.example.org ESMTP\n   0.2000 > QUIT\n" in text


def test_a_failure_is_told_with_phase_and_reason() -> None:
    """Where it stood, why it ended, and the system's own words."""
    text = transcript_text(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    assert "failed at connect: refused (Connection refused)" in text


def test_a_peer_cannot_forge_a_line() -> None:
    """Line ends and escape sequences of a peer are shown, not obeyed."""
    seen = observation(target())
    assert seen.conversation is not None
    forged = seen.conversation._replace(events=[(0.1, "<", "220 \x1b[2J\r\nverdict: ok")])
    assert "< 220 \\x1b[2J\\r\\nverdict: ok\n" in transcript_text(replace(seen, conversation=forged))


@given(st.text())
def test_whatever_is_printed_is_printable(text: str) -> None:
    """No character that moves a cursor, turns the writing direction or ends a line comes through."""
    assert printable(text).isprintable()


def test_a_round_as_metrics() -> None:
    """Success, time, phases, verdict and the certificate's end."""
    series = read(generate_latest(ProbeMetrics(observation(target(), tls=TLS))).decode())
    assert series["probe_success", frozenset()] == 1
    assert series["probe_duration_seconds", frozenset()] == 0.25
    assert series["probe_phase_duration_seconds", frozenset({("phase", "greeting")})] == 6.01
    assert series["probe_verdict", frozenset({("verdict", "ok")})] == 1
    assert series["probe_ssl_earliest_cert_expiry", frozenset()] == AT + 86400


def test_a_failed_round_as_metrics() -> None:
    """The cause is a series of its own, and what was not seen is absent."""
    series = read(generate_latest(ProbeMetrics(observation(target(), Verdict.PORT_CLOSED, REFUSED))).decode())
    assert series["probe_success", frozenset()] == 0
    assert series["probe_failure", frozenset({("phase", "connect"), ("reason", "refused")})] == 1
    assert "probe_ssl_earliest_cert_expiry" not in {name for name, _ in series}
