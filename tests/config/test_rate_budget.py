"""The rate limit by arithmetic: compared with a simulation of the worst that a daemon can do."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.load import parse
from monitor.core.errors import ConfigError
from tests.config.documents import with_block


def refused(block: str) -> str | None:
    """Give the fault about the rate limit, if there is one."""
    try:
        parse(with_block(block), "")
    except ConfigError as error:
        return next((fault.message for fault in error.faults if "client_rate_limit" in fault.message), None)
    return None


def most_in_a_minute(gap: float, restart_after: float) -> int:
    """Count the rounds of any 60 s where one follows another after ``gap``, but once at once (a restart)."""
    starts = [number * gap for number in range(200) if number * gap <= restart_after]
    starts += [starts[-1] + number * gap for number in range(200)]
    return max(sum(first <= start <= first + 60 for start in starts) for first in starts)


@given(st.integers(2, 30), st.integers(2, 20), st.integers(0, 120))
@settings(max_examples=150, deadline=None)
def test_what_is_accepted_never_reaches_the_limit(fast: int, limit: int, restart_after: int) -> None:
    """Whatever passes stays below the limit in every minute, a restart and the relay canary included."""
    if refused(f"handshakes: {{interval: 60s, fast_interval: {fast}s, client_rate_limit: {limit}}}") is None:
        assert most_in_a_minute(fast, restart_after) + 1 < limit


@given(st.integers(1, 30), st.integers(4, 40))
@settings(max_examples=100, deadline=None)
def test_the_remedy_is_a_remedy_and_the_least_one(fast: int, limit: int) -> None:
    """The interval that a fault advises passes, and a second less does not."""
    template = "handshakes: {{interval: 10m, fast_interval: {}s, client_rate_limit: {}}}"
    message = refused(template.format(fast, limit))
    if message is not None:
        words = message.partition("take fast_interval ")[2].split()[0]
        least = 60 * int(words[:-1]) if words.endswith("m") else int(words[:-1])
        assert refused(template.format(least, limit)) is None
        assert refused(template.format(least - 1, limit)) is not None


@pytest.mark.parametrize(
    ("block", "passes"),
    [
        ("checks: {mode: connect, interval: 9s}", True),
        ("checks: {mode: connect, interval: 8s}", False),
        ("checks: {mode: connect, interval: 9s}\nhandshakes: {header_negatives: true}", False),
        # anvil counts by listener: two services that check the same one share its count
        ("checks: {mode: connect, interval: 25s}\nservices: {smtps: {check_listener_port: 25}}", False),
        ("checks: {mode: connect, interval: 35s}\nservices: {smtps: {check_listener_port: 25}}", True),
        ("checks: {mode: connect, interval: 1s}\nhandshakes: {client_rate_limit: null}", True),
        ("checks: {interval: 1s}", True),
        ("handshakes: {interval: 1s, fast_interval: 1s, client_rate_limit: null}", True),
        ("handshakes: {interval: 1s, fast_interval: 1s}\nservices: {smtp: null, smtps: null, submission: null}", True),
        ("handshakes: {client_rate_limit: 9}", False),
        # an edge of the other family sees another address of ours
        ("edges: [{name: a}, {name: b, address: '2001:db8::1'}]", True),
        ("edges: [{name: a}, {name: b, address: 10.0.20.2}]", False),
        ("edges: [{name: a}, {name: b, address: 10.0.20.2}]\nfront_door: {fast_interval: 21s}", True),
        ("front_door: {fast_interval: 1s}", True),
    ],
)
def test_who_shares_an_account(block: str, *, passes: bool) -> None:
    """Connections count by listener and by the address under which the server sees them."""
    assert (refused(block) is None) is passes


def test_connect_checks_share_with_nobody_else() -> None:
    """Every service's checks of a node are counted for themselves where their listeners differ."""
    blocks = [f"checks: {{mode: connect, interval: {seconds}s}}" for seconds in (9, 10, 20, 60)]
    assert list(itertools.filterfalse(lambda block: refused(block) is None, blocks)) == []
