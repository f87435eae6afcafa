"""One browser and one demo for all tests of the page; each test has a page of its own.

They end with this package: Playwright's loop runs in the thread of the tests, and the asyncio tests of others need it.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chromium import Demo, Witness, browser, demo


@pytest.fixture(name="chromium", scope="package")
def _chromium() -> Iterator[Any]:
    with browser() as running:
        yield running


@pytest.fixture(name="broken", scope="package")
def _broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give a demo in which a port is closed from the start."""
    with demo(tmp_path_factory.mktemp("broken"), "--fault", "port-closed") as running:
        yield running


@pytest.fixture(name="witness")
def _witness() -> Witness:
    return Witness()


@pytest.fixture(name="page")
def _page(chromium: Any, broken: Demo, witness: Witness) -> Iterator[Any]:  # noqa: ANN401 - see Witness
    """Give a page that shows the broken demo, its fault included."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    witness.watch(page)
    page.goto(f"{broken.base}/")
    page.wait_for_selector(".matrix td.bad", timeout=60_000)
    page.wait_for_selector("#live.live[data-state=live]")
    yield page
    page.close()
