"""A client of the web application, over a real socket on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from monitor.publish.app import make_app
from monitor.publish.external_url import ExternalUrl
from monitor.publish.web_config import WebSettings
from tests.publish.scrape import metrics
from tests.publish.statuses import FakeBackend, path_status

Client = TestClient[Request, Application]


@asynccontextmanager
async def asking(
    backend: FakeBackend | None = None,
    settings: WebSettings | None = None,
    *,
    lifecycle: bool = True,
    external_url: ExternalUrl | None = None,
) -> AsyncIterator[Client]:
    """Serve a backend (by default one with a healthy path) and give a client of it."""
    daemon = FakeBackend(path_status()) if backend is None else backend
    app = make_app(daemon, metrics(), settings or WebSettings(), lifecycle=lifecycle, external_url=external_url)
    async with TestClient(TestServer(app)) as client:
        yield client
