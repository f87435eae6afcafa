"""Who is told without asking: each change once, by a webhook that may fail; and the heartbeat."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from monitor.config.notify import NotifySettings
from monitor.config.values import Secret
from monitor.daemon import notifier
from monitor.daemon.notifier import WAITING, Notifier
from monitor.publish.event_memory import Event
from monitor.publish.external_url import ExternalUrl, parse_external_url
from tests.waiting import until

FIELDS = {"path": "home", "node": "k8s-node1", "service": "smtp", "before": "ok", "after": "port_closed"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier, "PAUSES", (0.0, 0.0))


def event(number: int = 1, name: str = "verdict.changed") -> Event:
    """Give an event."""
    return Event(number, 5.0, "warning", name, FIELDS)


class Outside:
    """Everybody who can be told, and what they were told."""

    def __init__(self, statuses: Iterable[int]) -> None:
        """Answer with these statuses first, with 200 from then on."""
        self._statuses = iter(statuses)
        self.bodies: list[dict[str, object]] = []
        self.beats = 0
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        """Take an event."""
        self.bodies.append(await request.json())
        return web.Response(status=next(self._statuses, 200))

    async def beat(self, _request: web.Request) -> web.Response:
        """Take a heartbeat."""
        self.beats += 1
        return web.Response(status=next(self._statuses, 200))


@asynccontextmanager
async def telling(
    *statuses: int,
    alive: Callable[[], bool] = lambda: True,
    beat: float | None = None,
    page: ExternalUrl | None = None,
) -> AsyncIterator[tuple[Notifier, Outside]]:
    """Run a notifier and those whom it tells."""
    outside = Outside(statuses)
    app = web.Application()
    app.add_routes([web.post("/hook", outside.post), web.get("/beat", outside.beat)])
    bugs: list[str] = []
    async with TestServer(app) as server:
        outside.url = f"http://127.0.0.1:{server.port}"
        told = Notifier(alive, structlog.get_logger(), lambda name, _error: bugs.append(name), page)
        hook, heart = Secret(f"{outside.url}/hook"), Secret(f"{outside.url}/beat")
        settings = NotifySettings(webhook_url=hook)
        if beat is not None:
            settings = NotifySettings(heartbeat_url=heart, heartbeat_interval=beat)
        await told.configure(settings)
        yield told, outside
        await told.stop()
    assert bugs == []


async def test_a_change_is_posted_as_json() -> None:
    """With a sentence under ``text``, as chat servers read it; what is no change of state is not posted."""
    async with telling() as (told, outside):
        told.tell(event(1, "probe.bug"))
        told.tell(event(2))
        await until(lambda: bool(outside.bodies))
    (body,) = outside.bodies
    assert body == {
        "text": "k8s-node1 smtp: ok → port_closed",
        "id": 2,
        "at": 5.0,
        "level": "warning",
        "event": "verdict.changed",
        **FIELDS,
    }


async def test_an_event_links_to_the_page_where_its_url_is_known() -> None:
    """To its path's part; an event about mailpath as a whole to the top."""
    async with telling(page=parse_external_url("https://example.org/mailpath")) as (told, outside):
        told.tell(event(1))
        told.tell(replace(event(2), fields={}, name="maintenance.ended"))
        await until(lambda: len(outside.bodies) > 1)
    links = ["https://example.org/mailpath/#path-home", "https://example.org/mailpath/"]
    assert [each["url"] for each in outside.bodies] == links


async def test_a_failing_webhook_is_tried_again_then_given_up() -> None:
    """Three times for each event; the log says so once, and when it works again; no URL is in it."""
    with capture_logs() as said:
        async with telling(500, 500, 500, 500, 500, 500, 503) as (told, outside):
            for number in (1, 2, 3):
                told.tell(event(number))
            await until(lambda: len(outside.bodies) == 8)
            await until(lambda: len(said) == 2)
    assert [each["id"] for each in outside.bodies] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert [(each["event"], each.get("detail")) for each in said] == [
        ("webhook.failed", "it answered 500"),
        ("webhook.recovered", None),
    ]


async def test_what_waits_is_bounded() -> None:
    """Of a flood the newest are told."""
    async with telling() as (told, outside):
        for number in range(WAITING + 5):
            told.tell(event(number))
        await until(lambda: len(outside.bodies) == WAITING)
    assert outside.bodies[0]["id"] == 5


async def test_the_heart_beats_while_rounds_end() -> None:
    """A daemon that does not do its work is silent, so that somebody outside notices."""
    working = True
    async with telling(alive=lambda: working, beat=0.01) as (_, outside):
        await until(lambda: outside.beats >= 2)
        working = False
        await asyncio.sleep(0.05)
        beats = outside.beats
        await asyncio.sleep(0.05)
        assert outside.beats == beats


async def test_a_heartbeat_that_does_not_arrive_is_said_once() -> None:
    """And the next one is sent all the same."""
    with capture_logs() as said:
        async with telling(500, 500, beat=0.01) as (_, outside):
            await until(lambda: outside.beats > 2 and len(said) == 2)
    assert [each["event"] for each in said] == ["heartbeat.failed", "heartbeat.recovered"]


async def test_a_reload_may_switch_it_off() -> None:
    """Nothing is told then, and nothing waits."""
    async with telling() as (told, outside):
        await told.configure(None)
        told.tell(event())
        await told.configure(NotifySettings(webhook_url=Secret(f"{outside.url}/hook")))
        told.tell(event(7))
        await until(lambda: bool(outside.bodies))
    assert [each["id"] for each in outside.bodies] == [7]


async def test_nobody_there_is_told_without_the_url() -> None:
    """A refused connection is trouble like any other; the URL may hold a token."""
    with capture_logs() as said:
        log = structlog.get_logger()
        told = Notifier(lambda: True, log, lambda _name, _error: None)
        await told.configure(NotifySettings(webhook_url=Secret("http://127.0.0.1:1/marked-token")))
        told.tell(event())
        await until(lambda: bool(said))
        await told.stop()
    assert "refused" in str(said[0]["detail"])
    assert "marked-token" not in str(said)
