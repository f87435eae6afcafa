"""The event stream: what was missed, what comes, a beat, and an end."""

import asyncio
import json

import pytest
from aiohttp import ClientResponse

from monitor.publish import stream
from monitor.publish.feed import MOST_LISTENERS
from tests.publish.client import asking
from tests.publish.statuses import FakeBackend, broken_status, path_status

PLACE = "/api/v1/events"
LISTENING = {"Accept": "text/event-stream"}
READING = {"Accept": "application/json"}


async def message(answer: ClientResponse) -> dict[str, str]:
    """Read one message of a stream."""
    fields = {}
    async with asyncio.timeout(30):
        while line := (await answer.content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
    return fields


async def test_the_last_events_are_json() -> None:
    """All that are kept, or those after a number."""
    backend = FakeBackend(path_status())
    for name in ("a", "b"):
        backend.journal.keep("info", name, {"path": "home"})
    async with asking(backend) as client:
        events = (await (await client.get(PLACE, headers=READING)).json())["events"]
        assert [each["event"] for each in events] == ["a", "b"]
        later = (await (await client.get(f"{PLACE}?since={events[0]['id']}", headers=READING)).json())["events"]
        assert [each["event"] for each in later] == ["b"]
        assert len((await (await client.get(f"{PLACE}?since=x", headers=READING)).json())["events"]) == 2


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream", "text/event-stream"),
        ("application/json;q=0.5, */*", "text/event-stream"),
        ("application/json, */*;q=0.5", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/event-stream;q=0, */*", "application/json"),
    ],
)
async def test_it_is_a_stream_unless_something_else_is_preferred(accept: str | None, given: str) -> None:
    """HEAD tells the same and ends, whichever it is."""
    headers = {} if accept is None else {"Accept": accept}
    async with asking() as client:
        for ask in (client.get, client.head):
            async with ask(PLACE, headers=headers, skip_auto_headers=("Accept",)) as answer:
                assert (answer.status, answer.content_type) == (200, given)


async def test_a_stream_begins_with_the_whole_and_goes_on_with_what_changes() -> None:
    """Retry time, the state of every path, then events and changed states as they come."""
    backend = FakeBackend(path_status())
    backend.journal.update([path_status()])
    async with asking(backend) as client, client.get(PLACE, headers=LISTENING) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert await message(answer) == {"retry": "2000"}
        first = await message(answer)
        assert first["event"] == "status"
        assert json.loads(first["data"])["changed"]["hop"] == "none"
        backend.journal.update([broken_status()])
        backend.journal.keep("warning", "diagnosis.changed", {"path": "home"})
        assert json.loads((await message(answer))["data"])["changed"]["hop"] == "listener"
        event = await message(answer)
        assert (event["event"], json.loads(event["data"])["id"]) == ("event", int(event["id"]))


async def test_who_comes_back_gets_what_it_missed() -> None:
    """By the number of the last event that it has heard."""
    backend = FakeBackend()
    for name in ("a", "b", "c"):
        backend.journal.keep("info", name, {})
    known = str(backend.journal.events.since()[0].number)
    headers = {**LISTENING, "Last-Event-ID": known}
    async with asking(backend) as client, client.get(PLACE, headers=headers) as answer:
        await message(answer)
        assert [json.loads((await message(answer))["data"])["event"] for _ in range(2)] == ["b", "c"]


async def test_a_silent_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader can tell a quiet night from a dead connection."""
    monkeypatch.setattr(stream, "BEAT", 0.01)
    async with asking(FakeBackend()) as client, client.get(PLACE, headers=LISTENING) as answer:
        await message(answer)
        assert (await message(answer))["event"] == "beat"


async def test_a_reader_that_has_gone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is free soon after."""
    monkeypatch.setattr(stream, "BEAT", 0.01)
    backend = FakeBackend()
    async with asking(backend) as client:
        async with client.get(PLACE, headers=LISTENING) as answer:
            await message(answer)
            assert len(backend.journal.feed) == 1
            answer.close()
        async with asyncio.timeout(30):
            while len(backend.journal.feed):  # noqa: ASYNC110 - the feed sets no event
                await asyncio.sleep(0.01)


async def test_there_is_room_for_so_many() -> None:
    """Another one is asked to come later."""
    backend = FakeBackend()
    held = [backend.journal.feed.listening() for _ in range(MOST_LISTENERS)]
    for each in held:
        each.__enter__()
    async with asking(backend) as client:
        answer = await client.get(PLACE, headers=LISTENING)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


async def test_streams_end_with_the_daemon() -> None:
    """They do not hold it up."""
    async with asking(FakeBackend()) as client:
        answer = await client.get(PLACE, headers=LISTENING)
        await message(answer)
        async with asyncio.timeout(30):
            await client.server.close()
            assert await answer.content.read() == b""
