"""Style, script and icon: addresses that change with the content, and media types that browsers accept."""

import hashlib

import pytest

from monitor.publish.static_files import address
from tests.publish.client import asking


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("status.css", "text/css"), ("status.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
async def test_a_file_is_served_under_the_digest_of_its_content(name: str, media_type: str) -> None:
    """A browser keeps it for good: other content has another address. The address is relative."""
    async with asking() as client:
        response = await client.get(f"/{address(name)}")
        body = await response.read()
    assert (response.status, response.content_type) == (200, media_type)
    assert address(name) == f"static/{name}?v={hashlib.blake2b(body, digest_size=6).hexdigest()}"


async def test_no_other_file_is_served() -> None:
    """Neither the room's code nor anything above it."""
    async with asking() as client:
        for name in ("static_files.py", "../page.py", "%2e%2e/page.py", ""):
            assert (await client.get(f"/static/{name}")).status == 404


def test_a_file_that_there_is_not_has_no_address() -> None:
    """A typo in a page is found by its test."""
    with pytest.raises(KeyError):
        address("status.png")
