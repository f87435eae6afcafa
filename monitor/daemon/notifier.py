"""Tells by itself what has changed: a webhook for events, and a heartbeat that somebody outside misses when it stops.

Neither may ever hold up the daemon: what cannot be told is tried a few times, then given up and said in the log.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from functools import partial

from structlog.typing import FilteringBoundLogger

from monitor.config.notify import NotifySettings
from monitor.core.errors import LinkError
from monitor.engine.tasks import BugHandler, Tasks
from monitor.links.http_client import request
from monitor.publish.event_memory import Event
from monitor.publish.event_words import words_of_event
from monitor.publish.external_url import ExternalUrl

WITHIN = 10.0
# Before the second and the third try, in seconds.
PAUSES = (1.0, 5.0)
# Beyond so many the oldest are dropped: a webhook that is down must not grow memory.
WAITING = 100
TOLD = frozenset(
    {"verdict.changed", "diagnosis.changed", "negative.accepted", "maintenance.began", "maintenance.ended"}
)


class Notifier:
    """Tells whom the configuration names; belongs to the running event loop."""

    def __init__(
        self,
        alive: Callable[[], bool],
        log: FilteringBoundLogger,
        on_bug: BugHandler,
        external_url: ExternalUrl | None = None,
    ) -> None:
        """Take what must hold for a heartbeat to be sent, and where the status page is that events link to."""
        self._external_url = external_url
        self._alive = alive
        self._log = log
        self._tasks = Tasks(on_bug)
        self._settings = NotifySettings()
        self._events: deque[Event] = deque(maxlen=WAITING)
        self._news = asyncio.Event()
        self._failing: set[str] = set()

    async def configure(self, settings: NotifySettings | None) -> None:
        """Tell by these settings from now on; what waits goes to the new webhook."""
        new = settings or NotifySettings()
        if new == self._settings:
            return
        await self._tasks.cancel()
        self._settings = new
        if new.webhook_url is not None:
            self._tasks.keep("notify webhook", partial(self._post_events, new.webhook_url.reveal()))
        else:
            self._events.clear()
        if new.heartbeat_url is not None:
            beat = partial(self._beat, new.heartbeat_url.reveal(), new.heartbeat_interval)
            self._tasks.keep("notify heartbeat", beat)

    async def stop(self) -> None:
        """End."""
        await self._tasks.cancel()

    def tell(self, event: Event) -> None:
        """Take an event in, to be posted soon."""
        if self._settings.webhook_url is not None and event.name in TOLD:
            self._events.append(event)
            self._news.set()

    async def _post_events(self, url: str) -> None:
        while True:
            while self._events:
                event = self._events.popleft()
                body = json.dumps({"text": words_of_event(event), **self._link(event), **event.document}).encode()
                trouble = await _trouble("POST", url, body)
                for pause in PAUSES:
                    if trouble:
                        await asyncio.sleep(pause)
                        trouble = await _trouble("POST", url, body)
                self._say("webhook", trouble)
            self._news.clear()
            await self._news.wait()

    def _link(self, event: Event) -> dict[str, str]:
        if self._external_url is None:
            return {}
        path = event.fields.get("path")
        return {"url": str(self._external_url) if path is None else self._external_url.of_path(path)}

    async def _beat(self, url: str, interval: float) -> None:
        while True:
            if self._alive():
                # No second try: the next beat comes soon enough, and its receiver waits for more than one.
                self._say("heartbeat", await _trouble("GET", url))
            await asyncio.sleep(interval)

    def _say(self, what: str, trouble: str) -> None:
        if trouble and what not in self._failing:
            self._failing.add(what)
            self._log.warning(f"{what}.failed", detail=trouble)
        elif not trouble and what in self._failing:
            self._failing.discard(what)
            self._log.info(f"{what}.recovered")


async def _trouble(method: str, url: str, body: bytes = b"") -> str:
    headers = {"content-type": "application/json"} if body else None
    try:
        answer = await request(method, url, within=WITHIN, body=body, headers=headers)
    except LinkError as error:
        return str(error)
    return "" if answer.status // 100 == 2 else f"it answered {answer.status}"  # noqa: PLR2004 - success
