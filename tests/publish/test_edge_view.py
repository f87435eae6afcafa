"""Beside the matrix: an edge with HAProxy's servers, and what else is watched."""

from dataclasses import replace

import pytest

from monitor.core.haproxy import ServerState
from monitor.core.model import Target
from monitor.core.roundtrip import Roundtrip, RoundtripStatus
from monitor.core.status import ClusterStatus, NegativeStatus
from monitor.publish.edge_view import badge_of, edge_view, watched_view
from monitor.publish.picture import Level
from tests import kinds
from tests.publish.reader import Reader
from tests.publish.statuses import AT, edge, path_status, server

CANARY = Target("home", kinds.RELAY_CANARY, "", "smtp")


def test_an_edge_shows_the_mail_paths_servers_alone() -> None:
    """The same HAProxy serves web sites that are none of our business."""
    text = Reader(edge_view(edge(), path_status())).text
    assert "Edge pfsense (10.0.20.1)" in text
    assert "k8s-node1" in text
    assert "web1" not in text
    assert "1 of 1 running" in text


@pytest.mark.parametrize(("state", "opened"), [(ServerState.RUNNING, False), (ServerState.STOPPED, True)])
def test_the_table_is_open_where_a_server_does_not_run(state: ServerState, *, opened: bool) -> None:
    """Nobody needs to open it to see what is wrong."""
    shown = edge_view(replace(edge(), servers=(replace(server(), state=state),)), path_status())
    assert ('<details open="">' in shown) is opened


def test_an_edge_that_is_not_asked_shows_no_state_of_haproxy() -> None:
    """Unknown is not down."""
    shown = edge_view(replace(edge(), asked=False), path_status())
    assert "HAProxy" not in Reader(shown).text
    assert f"badge {Level.BAD}" not in shown


@pytest.mark.parametrize(("up", "level"), [(None, Level.UNKNOWN), (True, Level.OK), (False, Level.BAD)])
def test_a_state_is_known_or_said_not_to_be(*, up: bool | None, level: Level) -> None:
    """As a colour and as a word."""
    shown = badge_of("SSH", up=up)
    assert f"badge {level}" in shown
    assert Reader(shown).text.startswith("SSH ")


def test_nothing_else_watched_is_no_card() -> None:
    """A path without a mail log, a cluster or negative probes."""
    assert not watched_view(replace(path_status(), maillog=None))


@pytest.mark.parametrize(("refused", "level"), [(None, Level.UNKNOWN), (True, Level.OK), (False, Level.BAD)])
def test_everything_else_watched_has_its_row(*, refused: bool | None, level: Level) -> None:
    """Mail log, API, roundtrip, what must be refused, and this replica's part."""
    arrived = Roundtrip("home", AT - 120, success=True, duration=3.5)
    path = replace(
        path_status(),
        cluster=ClusterStatus(up=True, stale=False, age=1.0, at=AT, reason=""),
        roundtrip=RoundtripStatus(arrived),
        negatives=(NegativeStatus(CANARY, refused, "k8s-node1", "250 Ok", AT if refused is not None else None),),
        elected=False,
    )
    shown = watched_view(path)
    names = [part.partition("</dt>")[0] for part in shown.split("<dt>")[1:]]
    assert names == ["Mail log (file)", "Kubernetes", "Roundtrip", "relay canary smtp", "This replica"]
    row = shown.partition("relay canary smtp")[2].partition("<dt>")[0]
    assert f"badge {level}" in row
    assert ("250 Ok" in row) is (refused is False)
