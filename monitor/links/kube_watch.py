"""A collection of the Kubernetes API kept up to date: list it, watch from there on, list it again when that breaks.

Own code over ``KubeApi``: kubernetes-asyncio's ``Watch`` reconnects without pause, asks twice with a version that the
server has just called too old, and has no end to its patience.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.backoff import Backoff
from monitor.links.kube_api import KubeApi, KubeStream, Query, StatusError

T = TypeVar("T")

PAGE = 500
# beyond any cluster that has one mail server; each object is kept as small as its reader makes it
OBJECTS_LIMIT = 10_000
# etcd's own limit for an object is 1.5 MiB
EVENT_LIMIT = 4 * 1024 * 1024
CHUNK = 64 * 1024

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds.

    The server ends each watch between ``least`` and ``most`` after its beginning, jittered, so that many do not end
    together. A stream that has said nothing at all for ``grace`` longer than that is dead: that much a server is silent
    which was restored from a backup, or whose host is gone.
    """

    least: float = 240.0
    most: float = 300.0
    grace: float = 30.0


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a collection holds, by the objects' names in order; ``failure``: why that may be out of date."""

    items: tuple[T, ...]
    failure: LinkError | None = None


class ListWatch(Generic[T]):
    """Follows one collection; ``parse`` makes of an object the little that is kept of it (``None``: nothing)."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        parse: Callable[[Mapping[str, Any]], T | None],
        query: Query = (),
        patience: Patience | None = None,
    ) -> None:
        """Take a client of its own, the collection's path, and its selectors; ``version`` is how far it has come."""
        self._api = api
        self._path = path
        self._query = tuple(query)
        self._parse = parse
        self._patience = patience or Patience()
        self._items: dict[str, T] = {}
        self.version = ""

    async def listings(self) -> AsyncGenerator[Listing[T], None]:
        """Give what the collection holds, at once and after every change, for ever; errors are listings too."""
        pause = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            try:
                await self._list()
                yield self._listing()
                pause.reset()
                while True:
                    async for _ in self._watch():
                        yield self._listing()
            except LinkError as error:
                # The server has forgotten that version: normal after a restart, or a compaction of etcd.
                if isinstance(error, StatusError) and error.status == HTTPStatus.GONE:
                    continue
                yield self._listing(error)
                # a new client reads token and certificates anew
                await self._api.close()
                await asyncio.sleep(pause.next_delay())

    async def close(self) -> None:
        """Hang up."""
        await self._api.close()

    def _listing(self, failure: LinkError | None = None) -> Listing[T]:
        return Listing(tuple(self._items[name] for name in sorted(self._items)), failure)

    async def _list(self) -> None:
        items: dict[str, T] = {}
        more = ""
        while True:
            # Without a resourceVersion: what etcd holds now, and not what some cache of the server remembers.
            page = (("limit", str(PAGE)), *((("continue", more),) if more else ()))
            document = await self._api.get(self._path, (*self._query, *page))
            for each in _sequence(document.get("items")):
                self._put(items, each)
            metadata = _mapping(document.get("metadata"))
            more = str(metadata.get("continue") or "")
            if not more:
                break
        self._items, self.version = items, str(metadata.get("resourceVersion") or "")

    async def _watch(self) -> AsyncIterator[None]:
        """Follow until the server ends the stream in order; yields after each change."""
        patience = self._patience
        seconds = random.uniform(patience.least, patience.most)  # noqa: S311 - jitter, no secret
        asked = (
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", self.version),
            ("timeoutSeconds", str(max(1, round(seconds)))),
        )
        stream = await self._api.stream(self._path, (*self._query, *asked))
        try:
            async for line in _lines(stream, seconds + patience.grace):
                if self._take(line):
                    yield
        finally:
            stream.close()

    def _take(self, line: bytes) -> bool:
        """Take in one event; tells whether anything has changed."""
        try:
            event = _mapping(json.loads(line))
        except ValueError as error:
            raise LinkError(Reason.API_ERROR, f"{self._path}: an event that is no JSON") from error
        told, kind = _mapping(event.get("object")), event.get("type")
        if kind == "ERROR" or told.get("kind") == "Status":
            raise _refusal(told)
        version = _mapping(told.get("metadata")).get("resourceVersion")
        if version:
            self.version = str(version)
        if kind in {"ADDED", "MODIFIED"}:
            return self._put(self._items, told)
        if kind == "DELETED":
            return self._items.pop(_name(told), None) is not None
        return False

    def _put(self, items: dict[str, T], document: object) -> bool:
        told = _mapping(document)
        name, item = _name(told), self._parse(told)
        if item is None:
            return items.pop(name, None) is not None
        if items.get(name) == item:
            return False
        if len(items) >= OBJECTS_LIMIT and name not in items:
            raise LinkError(Reason.TOO_LARGE, f"{self._path}: more than {OBJECTS_LIMIT} objects")
        items[name] = item
        return True


async def _lines(stream: KubeStream, silence: float) -> AsyncIterator[bytes]:
    """Give whole lines; ``silence`` seconds without a byte are an error."""
    buffer = bytearray()
    while True:
        try:
            async with asyncio.timeout(silence):
                chunk = await stream.read(CHUNK)
        except TimeoutError:
            raise LinkError(Reason.STALE, f"a watch said nothing for {silence:.0f} s") from None
        if not chunk:
            return
        buffer += chunk
        *whole, rest = buffer.split(b"\n")
        for line in whole:
            if line.strip():
                yield bytes(line)
        if len(rest) > EVENT_LIMIT:
            raise LinkError(Reason.TOO_LARGE, f"an event of more than {EVENT_LIMIT} bytes")
        buffer = bytearray(rest)


def _refusal(status: Mapping[str, Any]) -> LinkError:
    code = status.get("code")
    words = f"HTTP {code}: {str(status.get('message'))[:512]}"
    return StatusError(code, words) if isinstance(code, int) else LinkError(Reason.API_ERROR, words)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(document: Mapping[str, Any]) -> str:
    return str(_mapping(document.get("metadata")).get("name") or "")
