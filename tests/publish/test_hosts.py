"""What is published of an edge's host: gauges, the status document, the picture, log events."""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from monitor.core.edge import RedirectState
from monitor.publish import catalogue
from monitor.publish.api import document
from monitor.publish.events import EventLog
from monitor.publish.gauges import gauges
from monitor.publish.picture import Level, Member, picture
from tests.publish.hosts import blind, look, with_host


def test_gauges() -> None:
    """Each port has its own series, 1 where it is as it must be."""
    rows = gauges([with_host(look(bound=False, state=RedirectState.ALIAS))]).values
    assert rows[catalogue.FRONTEND_LISTENING] == {("home", "pfsense", "25"): 1.0, ("home", "pfsense", "465"): 0.0}
    assert rows[catalogue.NAT_REDIRECT_OK] == {("home", "pfsense", "25"): 1.0, ("home", "pfsense", "465"): 0.0}
    assert catalogue.EDGE_BACKUP not in rows
    backed_up = gauges([with_host(replace(look(), backup=1776580000.0))]).values
    assert backed_up[catalogue.EDGE_BACKUP] == {("home", "pfsense"): 1776580000.0}


@pytest.mark.parametrize("host", [None, blind()])
def test_what_is_not_seen_is_absent(host: Any) -> None:  # noqa: ANN401 - a look, or none
    """A blind edge has no series."""
    rows = gauges([with_host(host)]).values
    assert catalogue.FRONTEND_LISTENING not in rows
    assert catalogue.NAT_REDIRECT_OK not in rows


def test_the_document() -> None:
    """It tells of ports, redirects and failures, and null of what was not seen."""
    assert document([with_host(None)])["paths"][0]["edges"][0]["host"] is None
    host = document([with_host(look(bound=False))])["paths"][0]["edges"][0]["host"]
    assert host["frontends"][1] == {"port": 465, "pids": (), "others": ("nginx",), "bound": False}
    assert (host["redirects"][0]["state"], host["redirects"][0]["ok"]) == ("ok", True)
    host = document([with_host(blind())])["paths"][0]["edges"][0]["host"]
    assert (host["frontends"], host["redirects"]) == (None, None)
    assert host["failures"]["nat"]["reason"] == "permission_denied"


@pytest.mark.parametrize(
    ("state", "level", "detail"),
    [
        (RedirectState.OK, Level.OK, "to 10.0.20.1"),
        (RedirectState.PARTLY, Level.WARN, "to <mailserver>"),
        (RedirectState.ALIAS, Level.BAD, "to <mailserver>"),
        (RedirectState.MISSING, Level.BAD, "not redirected"),
    ],
)
def test_nat_begins_the_picture(state: RedirectState, level: Level, detail: str) -> None:
    """A member for each port; without a look there is no such hop."""
    nat = picture(with_host(look(state=state)))[0]
    assert (nat.title, nat.members[1]) == ("NAT", Member(level, ":465", detail))
    assert picture(with_host(None))[0].title == "Edge"


@pytest.mark.parametrize(
    ("host", "up", "level", "detail"),
    [
        (look(), True, Level.OK, "HAProxy listens"),
        (None, None, Level.UNKNOWN, "judged by its front door"),
        (None, False, Level.BAD, "SSH does not answer"),
    ],
)
def test_an_edge_without_stats_socket(host: Any, up: bool | None, level: Level, detail: str) -> None:  # noqa: ANN401, FBT001 - columns of a table
    """It is shown by what listens on its address."""
    hops = {hop.title: hop for hop in picture(with_host(host, asked=False, ssh_up=up))}
    assert hops["Edge"].members == (Member(level, "pfsense", detail),)


def test_events() -> None:
    """A look that fails is told once, and so is its recovery."""
    logger = CapturingLogger()
    events = EventLog(logger, lambda *_: None)
    for seen in (look(), blind(), blind(), look()):
        events.observe(seen)
    said = [(call.method_name, call.args[0]) for call in logger.calls]
    assert said == [("warning", "edge.unreadable"), ("debug", "edge.unreadable"), ("info", "edge.recovered")]
    assert logger.calls[0].kwargs["reason"] == "permission_denied"
