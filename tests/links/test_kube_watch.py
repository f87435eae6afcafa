"""List and watch by a script: what is told, what is asked for next, and how wrong answers are survived."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from monitor.core.taxonomy import Reason
from monitor.links import kube_watch
from monitor.links.kube_api import KubeApi
from monitor.links.kube_watch import Listing, ListWatch, Patience
from tests.links.kube_collection import PATH, Collection, Hang, event, page, thing
from tests.waiting import until

Items = tuple[tuple[str, int], ...]
Listings = Sequence[Listing[tuple[str, int]]]
A, B = thing("a", 1), thing("b", 2)
GONE = event("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back soon after an error."""
    monkeypatch.setattr(kube_watch, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(kube_watch, "LONGEST_PAUSE", 0.01)


def parse(document: Mapping[str, Any]) -> tuple[str, int] | None:
    """Keep the name and the value; what has no value is not kept."""
    if "value" not in document:
        return None
    return document["metadata"]["name"], document["value"]


async def follow(server: Collection, count: int, patience: Patience | None = None) -> Listings:
    """Give the first listings."""
    api = KubeApi(server.kubeconfig, timeout=2.0)
    watch = ListWatch(api, PATH, parse, (("labelSelector", "x=y"),), patience or Patience(60, 60, 60))
    seen: list[Listing[tuple[str, int]]] = []
    try:
        async with asyncio.timeout(30), aclosing(watch.listings()) as listings:
            while len(seen) < count:
                seen.append(await anext(listings))
    finally:
        await watch.close()
    return seen


async def told(directory: Path, lists: Sequence[Any], watches: Sequence[Any], count: int) -> list[Items]:
    """Give what the first listings hold."""
    async with Collection(directory, lists, watches) as server:
        return [listing.items for listing in await follow(server, count)]


async def test_a_list_comes_page_by_page(tmp_path: Path) -> None:
    """All pages make one listing; the watch begins at the list's version, with the selector."""
    async with Collection(tmp_path, [page(A, more="next"), page(B, version=7)]) as server:
        (listing,) = await follow(server, 1)
        assert listing.items == (("a", 0), ("b", 0))
        assert [query.get("continue") for query in server.queries] == [None, "next"]


async def test_changes_are_told_one_by_one(tmp_path: Path) -> None:
    """Added, modified, deleted; what changes nothing that is kept is not told, nor are bookmarks."""
    same = {**A, "status": "heartbeat"}
    events = (
        event("ADDED", B),
        event("MODIFIED", same),
        event("BOOKMARK", thing("", 5)),
        event("MODIFIED", thing("a", 6, 1)) + event("DELETED", B),
        event("DELETED", B),
        event("ADDED", thing("c", 7)),
        Hang(),
    )
    assert await told(tmp_path, [page(A)], [events], 5) == [
        (("a", 0),),
        (("a", 0), ("b", 0)),
        (("a", 1), ("b", 0)),
        (("a", 1),),
        (("a", 1), ("c", 0)),
    ]


async def test_events_may_be_cut_anywhere(tmp_path: Path) -> None:
    """Lines are put together from whatever pieces arrive."""
    whole = event("ADDED", B) + event("DELETED", A)
    pieces = tuple(whole[index : index + 1] for index in range(len(whole)))
    assert await told(tmp_path, [page(A)], [(*pieces, Hang())], 3) == [(("a", 0),), (("a", 0), ("b", 0)), (("b", 0),)]


async def test_a_watch_that_ends_is_resumed_where_it_was(tmp_path: Path) -> None:
    """The next watch begins at the last version that was seen, a bookmark's too; nothing is listed again."""
    watches = [(event("BOOKMARK", thing("", 41)),), (event("ADDED", thing("b", 42)), Hang())]
    async with Collection(tmp_path, [page(A, version=7)], watches) as server:
        listings = await follow(server, 2)
        assert [query.get("resourceVersion") for query in server.queries] == [None, "7", "41"]
        assert server.queries[1]["timeoutSeconds"] == "60"
        assert listings[1].items == (("a", 0), ("b", 0))


@pytest.mark.parametrize("gone", [(GONE,), 410])
async def test_gone_is_listed_anew_without_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: int | tuple[bytes]
) -> None:
    """As an event or as a status, 410 is no error: a new list follows at once."""
    monkeypatch.setattr(kube_watch, "FIRST_PAUSE", 60.0)
    async with Collection(tmp_path, [page(A), page(B)], [gone, (Hang(),)]) as server:
        listings = await follow(server, 2)
    assert [(listing.items, listing.failure) for listing in listings] == [((("a", 0),), None), ((("b", 0),), None)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (403, Reason.PERMISSION_DENIED),
        (500, Reason.API_ERROR),
        ((b"no json\n",), Reason.API_ERROR),
        ((event("ERROR", {"kind": "Status", "code": 401, "message": "expired"}),), Reason.AUTH_FAILED),
        ((event("ERROR", {"kind": "Status"}),), Reason.API_ERROR),
        ((b'{"kind":"Status","code":403}\n',), None),
    ],
)
async def test_errors_keep_what_is_known(tmp_path: Path, answer: object, reason: Reason | None) -> None:
    """A watch that fails is a listing with its reason; then all is listed anew."""
    async with Collection(tmp_path, [page(A), page(B)], [answer, (Hang(),) if reason else (GONE,)]) as server:
        listings = await follow(server, 3 if reason else 2)
    if reason is not None:
        failure = listings[1].failure
        assert failure is not None
        assert (listings[1].items, failure.reason) == ((("a", 0),), reason)
    assert listings[-1].items == (("b", 0),)


async def test_a_silent_stream_is_given_up(tmp_path: Path) -> None:
    """Beyond its own end and the grace, silence is a failure, and all is listed anew."""
    async with Collection(tmp_path, [page(A), page(B)]) as server:
        listings = await follow(server, 3, Patience(0.05, 0.05, 0.05))
    failure = listings[1].failure
    assert failure is not None
    assert failure.reason is Reason.STALE
    assert listings[2].items == (("b", 0),)


async def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither endless events nor endless objects are taken in."""
    monkeypatch.setattr(kube_watch, "EVENT_LIMIT", 1000)
    monkeypatch.setattr(kube_watch, "OBJECTS_LIMIT", 2)
    async with Collection(tmp_path, [page(A)], [(b"x" * 200_000, Hang())]) as server:
        endless = await follow(server, 2)
    async with Collection(tmp_path, [page(A)], [(event("ADDED", B), event("ADDED", thing("c", 3)), Hang())]) as server:
        many = await follow(server, 3)
    assert [listings[-1].failure and listings[-1].failure.reason for listings in (endless, many)] == [
        Reason.TOO_LARGE,
        Reason.TOO_LARGE,
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"items": None, "metadata": None},
        {"items": [None, 7, "x", [], {}], "metadata": []},
        {"items": {"a": 1}},
    ],
)
async def test_odd_lists_are_survived(tmp_path: Path, odd: dict[str, Any]) -> None:
    """What is no object is not kept."""
    assert await told(tmp_path, [odd], [(b"[]\n", b"7\n", event("ADDED", None), event("ADDED", A), Hang())], 2) == [
        (),
        (("a", 0),),
    ]


async def test_what_is_not_kept_any_more_goes(tmp_path: Path) -> None:
    """An object that the reader makes nothing of leaves the collection."""
    bare = {"metadata": {"name": "a", "resourceVersion": "9"}}
    assert await told(tmp_path, [page(A)], [(event("MODIFIED", bare), Hang())], 2) == [(("a", 0),), ()]


async def test_it_can_be_cancelled_at_any_time(tmp_path: Path) -> None:
    """A follower that is cancelled ends at once, in a list, a watch or a pause."""

    async def scenario(lists: Sequence[Any], done: Callable[[Collection], bool]) -> float:
        async with Collection(tmp_path, lists) as server:
            task = asyncio.get_running_loop().create_task(follow(server, 100))
            await until(lambda: done(server))
            began = asyncio.get_running_loop().time()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
            return asyncio.get_running_loop().time() - began

    assert await scenario([page(A)], lambda server: "watch" in server.queries[-1] if server.queries else False) < 1
    assert await scenario([500], lambda server: bool(server.queries)) < 1
