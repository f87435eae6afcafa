"""The status page in a real browser: fresh, quiet, quick, and usable by everybody."""

import re
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import MISSING, Demo, Witness, demo, until
from tests.patience import stretched

VIEWS = [(360, 780, "light"), (360, 780, "dark"), (1280, 900, "light"), (1280, 900, "dark"), (1920, 1080, "dark")]
LOADING = "performance.getEntriesByType('navigation')[0].duration"
SHOWN_WITHIN = 20.0
DOCUMENT = {"Accept": "application/json"}


def _axe() -> str:
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.fail(MISSING.format("axe-playwright-python"))
    return (Path(found.origin).parent / "axe.min.js").read_text()


def _violations(page: Any) -> list[str]:  # noqa: ANN401 - Playwright may be missing, its types with it
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def test_a_fault_shows_as_soon_as_the_verdict_changes(chromium: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Without a reload by hand the cell, the diagnosis and the title tell, soon after the event."""
    with demo(tmp_path, "--fault", "port-closed@20s") as sound:
        page = chromium.new_page()
        page.goto(f"{sound.base}/")
        page.wait_for_selector(".diagnosis.ok", timeout=20_000)
        page.wait_for_selector(".matrix td.bad", timeout=60_000)
        seen = page.evaluate("Date.now()") / 1000
        events = page.request.get(f"{sound.base}/api/v1/events", headers=DOCUMENT).json()["events"]
        changed = next(each for each in events if each.get("after") == "port_closed")
        assert 0 <= seen - changed["at"] < SHOWN_WITHIN
        page.wait_for_selector(".diagnosis.warn", timeout=20_000)
        assert page.title().startswith("▲ demo: nodeport")
        page.close()


def test_it_loads_quickly(chromium: Any, page: Any, broken: Demo) -> None:  # noqa: ANN401
    """From the click to the load event, beside a page of one word: it takes 1.6 to 2.5 times as long.

    The quickest of five, since a busy machine's other work is not the page's; ``tools.status_page`` has the seconds.
    """
    word = chromium.new_page()
    word.goto(f"{broken.base}/livez")
    ours, theirs = list[float](), list[float]()
    for _ in range(5):
        for each, timings in ((page, ours), (word, theirs)):
            each.reload(wait_until="load")
            timings.append(each.evaluate(LOADING))
    word.close()
    assert min(ours) < 6 * min(theirs), (ours, theirs)


def test_it_is_quiet(page: Any, broken: Demo, witness: Witness) -> None:  # noqa: ANN401
    """No word on the console, the Content-Security-Policy's included, and no request to any other host."""
    page.locator(".matrix td.bad a").first.click()
    page.wait_for_selector("dialog[open] pre")
    page.wait_for_timeout(2_500)
    assert witness.console == []
    assert [each for each in witness.requests if not each.startswith(f"{broken.base}/")] == []


def test_a_cell_opens_its_transcripts(page: Any) -> None:  # noqa: ANN401
    """The dialogue shows what failed and how long rounds took, follows the news, and gives the focus back."""
    link = page.locator(".matrix td.bad a").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] pre")
    text = page.locator("dialog").inner_text()
    assert "port_closed" in text
    assert "failed at connect: refused" in text
    assert page.locator("dialog svg.spark").count() == 1
    rounds = re.search(r"The last (\d+) rounds", text)
    assert rounds is not None
    until(page, f"!document.querySelector('dialog').innerText.includes('The last {rounds[1]} rounds')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('td')?.className") == "bad"


def test_a_cell_is_a_link_too(page: Any, broken: Demo) -> None:  # noqa: ANN401
    """In a tab of its own, or without a script, a target has a page."""
    address = page.locator(".matrix td.bad a").first.get_attribute("href")
    page.goto(f"{broken.base}/{address}")
    assert "failed at connect: refused" in page.locator("main").inner_text()


def test_everything_can_be_reached_by_keyboard(page: Any) -> None:  # noqa: ANN401
    """Tab leads through the command's button and all cells; what has the focus is seen to have it."""
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        outline, what = page.evaluate(
            "(() => { const e = document.activeElement; "
            "return [getComputedStyle(e).outlineStyle, e.closest('td') ? e.href : e.className || e.nodeName] })()"
        )
        if what != "BODY":
            assert outline == "solid", what
        seen.add(what)
    assert "copy" in seen
    assert len([each for each in seen if "target?" in each]) == page.locator(".matrix a").count()


def test_news_leave_the_focus_where_it_is(page: Any) -> None:  # noqa: ANN401
    """While latencies change under it, the focused cell stays focused."""
    page.locator(".matrix tbody tr:nth-child(2) a").first.focus()
    before = page.locator(".as-of").inner_text()
    until(page, f"document.querySelector('.as-of').innerText !== {before!r}")
    assert page.evaluate("document.activeElement.closest('.matrix') !== null")


def test_the_command_is_copied(page: Any) -> None:  # noqa: ANN401
    """One click, and the clipboard holds what a person runs next."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".diagnosis .copy").click()
    page.wait_for_selector("text=Copied")
    command = page.locator(".diagnosis .command code").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == command


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(page: Any, scheme: str, width: int) -> None:  # noqa: ANN401
    """Names, roles, contrast and order, of the page and of the dialogue upon it."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert _violations(page) == []
    page.locator(".matrix td.bad a").first.click()
    page.wait_for_selector("dialog[open] pre")
    assert _violations(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), VIEWS)
def test_nothing_is_cut_or_runs_over(page: Any, width: int, height: int, scheme: str) -> None:  # noqa: ANN401
    """On a phone and on a wall: no sideways scrolling, and no text that is wider than its box."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cut = page.evaluate(
        "[...document.querySelectorAll('main *:not(.hidden, .hidden *, thead, thead *)')]"
        ".filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !e.closest('.scroll, svg'))"
        ".map(e => e.outerHTML.slice(0, 200))"
    )
    assert cut == []
    assert page.evaluate("matchMedia(`(prefers-color-scheme: ${'" + scheme + "'})`).matches")


def test_a_lost_connection_is_told_and_mended(chromium: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """The page says how old it is, keeps what it shows, and comes back when the daemon does."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    page = chromium.new_page()
    with demo(first) as running:
        page.goto(f"{running.base}/")
        page.wait_for_selector(".diagnosis.ok", timeout=30_000)
        running.freeze()
        until(page, "/Connection lost: this is \\d+ s old/.test(document.body.innerText)")
        assert page.locator(".matrix a").count() > 0
        port = int(running.base.rpartition(":")[2])
    with demo(second, port=port):
        page.wait_for_selector("#live[data-state=live]", timeout=60_000)
    page.close()


def test_it_works_without_a_script(chromium: Any, broken: Demo) -> None:  # noqa: ANN401
    """Everything is there, and the page loads itself anew."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{broken.base}/")
    first = page.locator(".as-of").inner_text()
    deadline = time.monotonic() + stretched(30)
    while page.locator(".as-of").inner_text() == first:
        assert time.monotonic() < deadline, "the page has not loaded itself anew"
        page.wait_for_timeout(200)
    assert "UTC" in first
    assert page.locator(".copy").first.is_hidden()
    page.locator(".matrix td a").first.click()
    page.wait_for_selector("pre")
    context.close()
