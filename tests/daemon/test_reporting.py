"""Who is told of a roundtrip, how often it is tried, and what the daemon says of a failure."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.config.roundtrip import ImapSettings, RoundtripSettings
from monitor.config.values import Secret
from monitor.core.roundtrip import Roundtrip, Step, Via
from monitor.daemon import reporting
from monitor.daemon.reporting import Told, explain, report

SETTINGS = RoundtripSettings(sender="a@example.org", recipient="b@example.org", imap=ImapSettings(user="u"))
ARRIVED = Roundtrip("home", 1_790_000_000.0, success=True, duration=3.2144, via=Via.BREVO, client_address="192.0.2.1")
LOST = replace(ARRIVED, success=False, step=Step.ARRIVE, detail="lost", client_address="")
TOKEN = "marked-token"  # noqa: S105 - a mark to search for

Asked = tuple[str, str, str]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "PAUSES", (0.0, 0.0))


@asynccontextmanager
async def outside(
    statuses: Iterable[int] = (), answer: object = None
) -> AsyncIterator[tuple[RoundtripSettings, list[Asked]]]:
    """Serve everybody, with these statuses first and 200 from then on; gives the settings and what was asked."""
    asked: list[Asked] = []
    coming = iter(statuses)

    async def hear(request: web.Request) -> web.Response:
        asked.append((request.method, request.path_qs, await request.text()))
        return web.json_response(answer, status=next(coming, 200))

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", hear)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        yield _telling(url), asked


def _telling(url: str) -> RoundtripSettings:
    return RoundtripSettings(
        sender="a@example.org",
        recipient="b@example.org",
        imap=ImapSettings(user="u"),
        pushgateway_url=Secret(url),
        kuma_url=Secret(f"{url}/api/push/{TOKEN}?status=up&msg=OK&ping="),
        daemon_urls=(Secret(url),),
    )


async def test_everybody_hears_of_a_success() -> None:
    """The gateway by POST, Kuma with milliseconds, the daemon with everything."""
    async with outside() as (settings, asked):
        told = await report(settings, ARRIVED)
    assert [each.words for each in told] == ["Told Pushgateway", "Told Uptime Kuma", "Told mailpath's daemon"]
    by_path = {path.partition("?")[0]: (method, path, body) for method, path, body in asked}
    assert by_path["/metrics/job/email-roundtrip-monitor"][0] == "POST"
    assert by_path[f"/api/push/{TOKEN}"][:2] == ("GET", f"/api/push/{TOKEN}?status=up&msg=OK&ping=3214")
    method, _, body = by_path["/api/v1/roundtrip"]
    assert method == "POST"
    assert '"duration_seconds": 3.2144, "via": "brevo", "step": null' in body


async def test_kuma_hears_of_no_failure() -> None:
    """Its own silence is its alarm."""
    async with outside() as (settings, asked):
        assert len(await report(settings, LOST)) == 2
    assert not any(TOKEN in path for _, path, _ in asked)


async def test_nobody_is_configured() -> None:
    """Then nobody is told, and nobody is asked."""
    assert await report(SETTINGS, ARRIVED) == []
    assert await explain(SETTINGS, "home") == []


async def test_it_is_tried_three_times() -> None:
    """A gateway that restarts is told at last; one that refuses is given up, without its URL being said."""
    async with outside([503, 503]) as (settings, _):
        only = RoundtripSettings(
            sender="a@b.c", recipient="a@b.c", imap=ImapSettings(user="u"), kuma_url=settings.kuma_url
        )
        assert await report(only, ARRIVED) == [Told(ok=True, words="Told Uptime Kuma")]
    async with outside([503, 503, 404]) as (settings, asked):
        only = RoundtripSettings(
            sender="a@b.c", recipient="a@b.c", imap=ImapSettings(user="u"), kuma_url=settings.kuma_url
        )
        assert await report(only, ARRIVED) == [Told(ok=False, words="Could not tell Uptime Kuma: it answered 404")]
        assert len(asked) == 3


async def test_nobody_is_there() -> None:
    """Each is told apart, and no URL is said."""
    told = await report(_telling("http://127.0.0.1:1"), ARRIVED)
    assert not any(each.ok for each in told)
    assert all(each.words.endswith("refused: Connection refused") or "refused" in each.words for each in told)
    assert TOKEN not in str(told)


CHECKS = {
    "smtp:checks": [{"status": "warn", "output": "closed"}],
    "smtp:nodes": [{"status": "fail", "output": "0 of 4 nodes healthy"}, {"status": "pass"}],
    "diagnosis:edge": [{"status": "warn", "output": "The edge is dead."}],
}


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (
            503,
            {"status": "fail", "checks": CHECKS},
            "the path is known to be down: The edge is dead; 0 of 4 nodes healthy; closed",
        ),
        (
            200,
            {"status": "warn", "checks": {"smtp:checks": CHECKS["smtp:checks"]}},
            "the path is known to be ailing: closed",
        ),
        (200, {"status": "pass", "checks": {}}, "mailpath finds every hop of the path healthy"),
        (404, {"status": "fail", "output": "no path"}, "mailpath's daemon does not know this path (it answered 404)"),
        (200, ["x"], "mailpath's daemon does not know this path (it answered 200)"),
        (200, {"status": "fail", "checks": 7}, "mailpath's daemon does not know this path (it answered 200)"),
        (
            200,
            {"status": "fail", "checks": {"a": [{"status": "fail"}]}},
            "mailpath's daemon does not know this path (it answered 200)",
        ),
    ],
)
async def test_the_daemon_explains(status: int, answer: object, words: str) -> None:
    """What it knows of the path, whatever it answers."""
    async with outside([status], answer) as (settings, asked):
        assert await explain(settings, "ho me") == [words]
    assert asked[0][:2] == ("GET", "/healthz?path=ho+me")


async def test_every_replica_is_told_and_the_first_that_lives_is_asked() -> None:
    """One that restarts keeps nobody from knowing."""
    async with outside(answer={"status": "pass", "checks": {}}) as (settings, asked):
        several = RoundtripSettings(
            sender="a@b.c",
            recipient="a@b.c",
            imap=ImapSettings(user="u"),
            daemon_urls=(Secret("http://127.0.0.1:1"), *settings.daemon_urls, *settings.daemon_urls),
        )
        assert [each.ok for each in await report(several, ARRIVED)] == [False, True, True]
        assert await explain(several, "home") == ["mailpath finds every hop of the path healthy"]
    assert len(asked) == 3


async def test_the_daemon_is_not_there() -> None:
    """Then that is said."""
    (words,) = await explain(_telling("http://127.0.0.1:1"), "home")
    assert words.startswith("mailpath's daemon cannot be asked (refused: ")
