"""The description of the HTTP interface is that of the routes that there are."""

from monitor.publish.app import make_app
from monitor.publish.openapi import document
from monitor.publish.web_config import WebSettings
from tests.publish.client import asking
from tests.publish.scrape import metrics
from tests.publish.statuses import FakeBackend


async def test_every_route_is_described_and_no_other() -> None:
    """Files of the page apart, which are the page's own business, and HEAD, which goes with GET."""
    app = make_app(FakeBackend(), metrics(), WebSettings())
    routes = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    served = {(method, place) for method, place in routes if method != "HEAD" and not place.startswith("/static/")}
    described = {(method.upper(), place) for place, methods in document()["paths"].items() for method in methods}
    assert described == served


async def test_it_is_served() -> None:
    """As JSON, as it is."""
    async with asking() as client:
        answer = await client.get("/api/v1/openapi.json")
        assert await answer.json() == document()
