"""The URL under which people reach the page: what is one, what is served under its path, and what links to it."""

import bcrypt
import pytest

from monitor.core.errors import ConfigError
from monitor.publish.external_url import ExternalUrl, parse_external_url
from monitor.publish.openapi import document
from monitor.publish.web_config import WebSettings
from tests.publish.client import asking

BEHIND = parse_external_url("https://example.org/tools/mailpath/")


@pytest.mark.parametrize(
    ("text", "page", "prefix"),
    [
        ("https://example.org", "https://example.org/", ""),
        ("http://10.0.0.1:8080/", "http://10.0.0.1:8080/", ""),
        ("http://[2001:db8::1]:9641/mail-path_1", "http://[2001:db8::1]:9641/mail-path_1/", "/mail-path_1"),
        ("https://example.org/tools/mailpath/", "https://example.org/tools/mailpath/", "/tools/mailpath"),
    ],
)
def test_what_is_a_url(text: str, page: str, prefix: str) -> None:
    """With or without a port, a path and a slash at its end."""
    url = parse_external_url(text)
    assert (str(url), url.prefix) == (page, prefix)
    assert url.of_path("home") == f"{page}#path-home"


@pytest.mark.parametrize(
    "text",
    [
        *("", "/mailpath", "example.org", "ftp://example.org", "https://", "https://user:secret@example.org"),
        *("https://example.org/?a=b", "https://example.org/#a", "https://example.org//", "https://example.org/../a"),
        *(
            "https://example.org/{{x}}",
            "https://example.org/a b",
            "https://example.org/a\n",
            "https://example.org:port",
        ),
    ],
)
def test_what_is_none(text: str) -> None:
    """The fault names the flag and an example."""
    with pytest.raises(ConfigError, match=r"(?s)--web\.external-url=.*such as https://example\.org/mailpath"):
        parse_external_url(text)


@pytest.mark.parametrize("prefix", ["", "/tools/mailpath"])
async def test_everything_is_served_under_the_path_and_without_it(prefix: str) -> None:
    """Whether a proxy strips the path or not, every GET answers the same; a page's links are relative to its slash."""
    places = [place for place, methods in document()["paths"].items() if "get" in methods]
    assert len(places) > 10
    async with asking() as plain, asking(external_url=BEHIND) as client:
        for place in set(places) - {"/api/v1/events"}:
            answer = await client.get(f"{prefix}{place}")
            assert answer.status == (await plain.get(place)).status, place
        page = await (await client.get(f"{prefix}/")).text()
        assert 'href="static/status.css' in page
        style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await client.get(f"{prefix}/{style}")).status == 200


async def test_the_path_without_its_slash_goes_to_the_page() -> None:
    """As a person types it."""
    async with asking(external_url=BEHIND) as client:
        answer = await client.get("/tools/mailpath", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (308, "/tools/mailpath/")
        assert (await client.get("/tools")).status == 404


async def test_users_are_asked_for_under_the_path_too() -> None:
    """A prefix is no way around the password."""
    settings = WebSettings(users={"alice": bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()})
    async with asking(settings=settings, external_url=BEHIND) as client:
        for place in ("/", "/tools/mailpath/", "/tools/mailpath/metrics", "/tools/mailpath"):
            assert (await client.get(place, allow_redirects=False)).status == 401


@pytest.mark.parametrize(("url", "shown", "server"), [(None, None, "/"), (BEHIND, str(BEHIND), BEHIND.text)])
async def test_the_api_tells_it(url: ExternalUrl | None, shown: str | None, server: str) -> None:
    """The status for whoever links to the page, the description as its server."""
    async with asking(external_url=url) as client:
        assert (await (await client.get("/api/v1/status")).json())["external_url"] == shown
        assert (await (await client.get("/api/v1/openapi.json")).json())["servers"] == [{"url": server}]
