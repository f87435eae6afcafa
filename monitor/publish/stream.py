"""``/api/v1/events``: what happens, as it happens; the last events as JSON for those who prefer that.

A stream has messages of three kinds (WHATWG HTML, "Server-sent events"): ``event`` is a log event with its number as
id, and whoever comes back with ``Last-Event-ID`` gets what it missed; ``status`` is what has changed in a path since
the last one, by key, and the first of each path is the whole; ``beat`` says every few seconds that the stream lives.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator

from aiohttp import hdrs, web

from monitor.publish import deltas
from monitor.publish.accept import weight_of
from monitor.publish.backend import Backend
from monitor.publish.feed import FeedFullError, Message, Queue

BEAT = 5.0
MEDIA_TYPE = "text/event-stream"
DOCUMENT_TYPE = "application/json"
_RETRY_MILLISECONDS = 2000


class EventsEndpoint:
    """Answers ``/api/v1/events``."""

    def __init__(self, backend: Backend) -> None:
        """Tell of the backend's events."""
        self._backend = backend

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with a stream, or with a document where that is preferred."""
        journal = self._backend.journal
        if _prefers_document(request.headers.get(hdrs.ACCEPT, "")):
            events = [event.document for event in journal.events.since(_number(request.query.get("since")))]
            return web.Response(text=json.dumps({"events": events}), content_type=DOCUMENT_TYPE, charset="utf-8")
        try:
            with journal.feed.listening() as queue:
                return await self._stream(request, queue)
        except FeedFullError:
            raise web.HTTPServiceUnavailable(
                text="as many streams are open as may be\n", headers={hdrs.RETRY_AFTER: "10"}
            ) from None

    async def close(self, _app: web.Application) -> None:
        """Let every listener go: a stream must not hold up the daemon's end."""
        self._backend.journal.feed.close()

    async def _stream(self, request: web.Request, queue: Queue) -> web.StreamResponse:
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: f"{MEDIA_TYPE}; charset=utf-8"})
        # nginx would keep the messages until its buffer is full.
        response.headers["X-Accel-Buffering"] = "no"
        # Before anything is awaited: what comes from now on is in the queue.
        missed = tuple(self._missed(request))
        with contextlib.suppress(ConnectionError):  # the listener has gone
            await response.prepare(request)
            if request.method == hdrs.METH_HEAD:
                return response
            await response.write(f"retry: {_RETRY_MILLISECONDS}\n\n".encode())
            await response.write(b"".join(map(_written, missed)))
            while (message := await self._next(queue)) is not None:
                await response.write(_written(message))
        return response

    def _missed(self, request: web.Request) -> Iterator[Message]:
        journal, mask = self._backend.journal, self._backend.journal.mask
        for path in self._backend.statuses():
            yield Message("status", mask(json.dumps(deltas.full(path))))
        last = request.headers.get("Last-Event-ID")
        if last is not None:
            for event in journal.events.since(_number(last)):
                yield Message("event", json.dumps(event.document), event.number)

    async def _next(self, queue: Queue) -> Message | None:
        try:
            async with asyncio.timeout(BEAT):
                return await queue.get()
        except TimeoutError:
            return Message("beat", "{}")


def _prefers_document(accept: str) -> bool:
    # A browser's window asks for a page: it is shown the document, which comes to an end.
    return max(weight_of(DOCUMENT_TYPE, accept), weight_of("text/html", accept)) > weight_of(MEDIA_TYPE, accept)


def _written(message: Message) -> bytes:
    # JSON has no line end of its own, so that one line holds it.
    number = f"id: {message.number}\n" if message.number is not None else ""
    return f"event: {message.kind}\n{number}data: {message.data}\n\n".encode()


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004
