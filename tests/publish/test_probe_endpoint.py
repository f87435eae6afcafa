"""``GET /probe``: a handshake now, and not too often."""

import asyncio

import pytest

from monitor.publish import probe_endpoint
from tests.publish.client import asking
from tests.publish.scrape import read
from tests.publish.statuses import FakeBackend, path_status

SMTP = "/probe?path=home&node=k8s-node1&service=smtp"


async def test_a_handshake_as_metrics() -> None:
    """The answer is a scrape of that one handshake."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        answer = await client.get(SMTP)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert read(await answer.text())["probe_success", frozenset()] == 1
        assert backend.probed == [("home", "k8s-node1", "smtp")]


async def test_a_handshake_with_its_transcript() -> None:
    """With debug=true the whole conversation is told; a front door is asked for by its edge's name."""
    async with asking() as client:
        answer = await client.get("/probe?path=home&node=pfsense&service=smtp&debug=true")
        assert answer.content_type == "text/plain"
        assert "> QUIT" in await answer.text()


@pytest.mark.parametrize(
    ("query", "missing"),
    [("", "path, node, service"), ("?path=home&node=", "node, service"), ("?node=n&service=s", "path")],
)
async def test_missing_parameters_are_named(query: str, missing: str) -> None:
    """A bad request says what it lacks."""
    async with asking() as client:
        answer = await client.get(f"/probe{query}")
        assert (answer.status, await answer.text()) == (400, f"missing parameter: {missing}\n")


async def test_an_unknown_target_is_not_found() -> None:
    """Only what is watched can be probed: this is no open port scanner."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        assert (await client.get("/probe?path=home&node=evil.example&service=smtp")).status == 404
        assert backend.probed == []


async def test_a_target_is_probed_once_in_ten_seconds() -> None:
    """The second call must wait, another target need not."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        assert (await client.get(SMTP)).status == 200
        again = await client.get(SMTP)
        assert again.status == 429
        assert 1 <= int(again.headers["Retry-After"]) <= 10
        assert (await client.get(SMTP.replace("smtp", "imaps"))).status == 200
        assert len(backend.probed) == 2


async def test_the_turn_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the interval a target can be probed again."""
    backend = FakeBackend(path_status())
    loop = asyncio.get_running_loop()
    async with asking(backend) as client:
        assert (await client.get(SMTP)).status == 200
        now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: now + probe_endpoint.MIN_INTERVAL)
        assert (await client.get(SMTP)).status == 200


async def test_head_probes_nobody() -> None:
    """A probe acts, so HEAD is refused."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        assert (await client.head(SMTP)).status == 405
        assert backend.probed == []
