# ruff: noqa: INP001 - a script beside others, and no package
"""Measures the status page in a real Chromium and takes its pictures: writes docs/status-page.md and docs/pictures.

Run it from the repository's root on a machine that does nothing else: ``.venv/bin/python -m tools.status_page``.
"""

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from tests.browser.chromium import Demo, browser, demo

DOCS = Path(__file__).resolve().parents[1] / "docs"
LOADS = 20
BREAKS = 3
FAULT_AFTER = 10
DOCUMENT = {"Accept": "application/json"}
SIZES = {"phone": (360, 780), "desk": (1280, 900), "wall": (1920, 1080)}

TEXT = """\
<!-- Made by tools/status_page.py, the numbers measured by it: change it there. -->
# The status page

`GET /` answers what a person on call asks: what is broken, since when, and what do I run? It is one document, written
by the server, with one stylesheet and one script from the same host; nothing is fetched from anywhere else, and the
Content-Security-Policy allows nothing else.

![On a phone: a NodePort is broken](pictures/status-page-phone.png)

From the top:

- **The diagnosis**: one sentence, the hop, for how long; the command to run next, with a button that copies it; the
  evidence, its effects, and what else is broken. Announced work ([maintenance.md](maintenance.md)) stands above it.
- **The path**, hop by hop, as a client passes it; under each the last 24 hours in slots of five minutes, each with the
  worst that was seen in it. It is kept in memory, and begins anew with mailpath.
- **The matrix** of nodes and services, the front doors first: verdict, how long the last round took, and what is
  remarkable (`HAProxy still sends clients here`, `client IP unproven`). A click on a cell shows the last rounds as a
  curve, the proof of the client IP, and the transcripts of the rounds that failed last.
- **Findings**, the last **events**, and what else is watched.

Every state has a shape, a colour and a word. The page listens to `/api/v1/events` and fetches itself when there is
news; focus, selection and scrolling stay where they are. When the stream breaks it says how old it is, keeps what it
shows, and comes back by itself. Without a script it loads itself anew every five seconds. The addresses of clients from
the internet are masked (`198.18.7.x`), unless `status_page: {{client_addresses: shown}}`.

![On a wall](pictures/status-page-wall.png)

## Measured

In Chromium {version}, with the demo on the same machine ({processors} processors, load average {busy:.0f}), by
`.venv/bin/python -m tools.status_page`:

| | median | worst |
| --- | --- | --- |
| from the click to the load event, {loads} loads | {load:.0f} ms | {worst_load:.0f} ms |
| from the change of a verdict to the cell on the screen, {breaks} times | {show:.2f} s | {worst_show:.2f} s |
| size of the page, uncompressed | {size:.0f} KiB | |

`tests/browser` holds its load to six times that of a page of one word, and the page to axe-core's rules in light and
dark, at 360 and at 1280 pixels, to a silent console, and to no request to any other host.
"""


class Measured(NamedTuple):
    """Milliseconds of each load, seconds of each showing, bytes of the page."""

    loads: list[float]
    shown: list[float]
    size: float


def main() -> None:
    """Measure, take pictures, write."""
    with browser() as chromium, tempfile.TemporaryDirectory() as directory:
        shown = [_showing(chromium, Path(directory, str(number))) for number in range(BREAKS)]
        place = Path(directory, "pictures")
        place.mkdir()
        with demo(place, "--fault", "port-closed") as broken:
            loads, size = _loading(chromium, broken)
            _pictures(chromium, broken)
        _write(chromium.version, Measured(loads, shown, size))


def _showing(chromium: Any, place: Path) -> float:  # noqa: ANN401 - Playwright's own types are not installed everywhere
    """Give the seconds between the event in the daemon and the cell in the window."""
    place.mkdir()
    with demo(place, "--fault", f"port-closed@{FAULT_AFTER}s") as running:
        page = chromium.new_page()
        page.goto(f"{running.base}/")
        page.wait_for_selector(".diagnosis.ok", timeout=20_000)
        page.wait_for_selector(".matrix td.bad", timeout=40_000)
        seen: float = page.evaluate("Date.now()") / 1000
        events = page.request.get(f"{running.base}/api/v1/events", headers=DOCUMENT).json()["events"]
        page.close()
    at: float = next(each["at"] for each in events if each.get("after") == "port_closed")
    return seen - at


def _loading(chromium: Any, running: Demo) -> tuple[list[float], float]:  # noqa: ANN401 - see above
    page = chromium.new_page()
    page.goto(f"{running.base}/")
    page.wait_for_selector(".matrix td.bad", timeout=20_000)
    loads = []
    timing: dict[str, float] = {}
    for _ in range(LOADS):
        page.reload(wait_until="load")
        timing = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
        loads.append(timing["duration"])
    page.close()
    return loads, timing["decodedBodySize"]


def _pictures(chromium: Any, running: Demo) -> None:  # noqa: ANN401 - see above
    for name, scheme, picture in (
        ("desk", "light", "status-page"),
        ("phone", "dark", "status-page-phone"),
        ("wall", "dark", "status-page-wall"),
    ):
        width, height = SIZES[name]
        page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(f"{running.base}/")
        page.wait_for_selector("#live[data-state=live]")
        page.wait_for_selector(".matrix td.bad")
        page.screenshot(path=DOCS / "pictures" / f"{picture}.png", full_page=name != "phone")
        if name == "desk":
            page.locator(".matrix td.bad a").first.click()
            page.wait_for_selector("dialog[open] pre")
            page.screenshot(path=DOCS / "pictures" / "status-page-target.png")
        page.close()


def _write(version: str, measured: Measured) -> None:
    text = TEXT.format(
        processors=os.cpu_count(),
        busy=os.getloadavg()[0],
        version=version.partition(".")[0],
        loads=LOADS,
        load=statistics.median(measured.loads),
        worst_load=max(measured.loads),
        breaks=BREAKS,
        show=statistics.median(measured.shown),
        worst_show=max(measured.shown),
        size=measured.size / 1024,
    )
    (DOCS / "status-page.md").write_text(text)


if __name__ == "__main__":
    main()
