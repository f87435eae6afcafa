"""The description of the HTTP interface is that of the routes that there are."""

from typing import Any

import pytest

from monitor.core.maintenance import LONGEST
from monitor.core.roundtrip import Step, Via
from monitor.publish.app import make_app
from monitor.publish.maintenance_endpoint import LONGEST_REASON
from monitor.publish.openapi import document
from monitor.publish.roundtrip_endpoint import LONGEST_DETAIL, LONGEST_DURATION
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


@pytest.mark.parametrize(
    ("schema", "key", "said"),
    [
        ("Roundtrip", "duration_seconds", {"minimum": 0, "maximum": LONGEST_DURATION}),
        ("Roundtrip", "via", {"enum": [*Via, None]}),
        ("Roundtrip", "step", {"enum": [*Step, None]}),
        ("Roundtrip", "detail", {"description": f"cut to {LONGEST_DETAIL} characters"}),
        ("Maintenance", "duration_seconds", {"minimum": 0, "maximum": LONGEST}),
        ("Maintenance", "reason", {"description": f"cut to {LONGEST_REASON} characters"}),
    ],
)
def test_limits_are_those_that_are_kept(schema: str, key: str, said: dict[str, Any]) -> None:
    """What the description forbids is what the endpoints refuse."""
    described = document()["components"]["schemas"][schema]["properties"][key]
    assert {name: described[name] for name in said} == said
