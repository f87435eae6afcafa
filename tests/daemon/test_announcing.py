"""`mailpath maintenance` against a real web server: told, refused, not there."""

import asyncio

from monitor.daemon.announcing import announce
from tests.publish.client import Client, asking
from tests.publish.statuses import AT, FakeBackend, path_status


async def _announce(client: Client, *asked: object) -> tuple[int, str]:
    url = str(client.make_url("/"))
    return await asyncio.to_thread(announce, url, *asked)  # type: ignore[arg-type]  # as the command line gives it


async def test_work_is_announced_and_ended() -> None:
    """The answer says until when, in words."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        code, words = await _announce(client, None, 7200.0, "new nodes")
        assert (code, words) == (
            0,
            "home: maintenance until 16:13 UTC on Monday 21 September; what breaks meanwhile is expected",
        )
        assert await _announce(client, "home", 0.0, "") == (0, "home: the maintenance has ended")
    assert [(each.path, each.until, each.reason) for each in backend.announced] == [
        ("home", AT + 7200, "new nodes"),
        ("home", AT, ""),
    ]


async def test_what_the_daemon_refuses_is_told() -> None:
    """A path that is not watched; and a daemon that must not be told anything names the flag."""
    async with asking() as client:
        code, words = await _announce(client, "x", 60.0, "")
        assert (code, words) == (1, "mailpath's daemon answered 400: path: expected one of home, got 'x'")
    async with asking(lifecycle=False) as client:
        code, words = await _announce(client, None, 60.0, "")
        assert code == 1
        assert "--web.enable-lifecycle" in words


def test_a_daemon_that_is_not_there() -> None:
    """The reason is told."""
    code, words = announce("http://127.0.0.1:9", None, 60.0, "")
    assert code == 1
    assert words.startswith("mailpath's daemon cannot be told: refused")
