# ruff: noqa: INP001 - a script beside others, and no package
"""Takes the pictures of docs/dashboards.md: draws dashboards/json with what a running Prometheus answers.

``.venv/bin/python tools/dashboard-pictures/take.py http://127.0.0.1:9090 --path demo --minutes 60``. It takes npm,
which once fetches 650 MB of Grafana's libraries into a cache, and Debian's chromium and pngquant.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PICTURES = ROOT / "docs" / "pictures"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mailpath" / "dashboard-pictures"
PAGE = "<!doctype html><body style='margin:0'><div id='root'></div>"
WIDTH = 1500
POINTS = 240
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def bundle() -> tuple[str, str]:
    """Give the page's script and style, made of Grafana's libraries; what is fetched stays in a cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for file in HERE.glob("*.js*"):
        shutil.copy(file, CACHE)
    if not (CACHE / "node_modules").is_dir():
        _run("npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--no-package-lock", "--no-audit", "--no-fund")
    loaders = (f"--loader:.{kind}=dataurl" for kind in ("svg", "png", "ttf", "woff", "woff2"))
    defined = '--define:process.env.NODE_ENV="production"'
    _run(
        "npx",
        "esbuild",
        "page.jsx",
        "--bundle",
        "--jsx=automatic",
        defined,
        *loaders,
        "--log-level=error",
        "--outfile=page.out.js",
    )
    return (CACHE / "page.out.js").read_text(), (CACHE / "page.out.css").read_text()


def take(made: tuple[str, str], prometheus: str, path: str, minutes: int, until: float) -> None:
    """Draw each dashboard as it was then (epoch seconds), and in the minutes before."""
    step = max(2, minutes * 60 // POINTS)
    now = int(until) // step * step
    variables = {"path": path, "service": ".*", "probe": "handshake", "runbook": "docs/runbook"}
    variables |= {"__rate_interval": f"{4 * step}s", "__range": f"{minutes}m"}
    scene = {"prometheus": prometheus, "from": now - 60 * minutes, "to": now, "step": step, "width": WIDTH}
    api: Any = import_module("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        for file in sorted((ROOT / "dashboards" / "json").glob("*.json")):
            page = browser.new_page(viewport={"width": WIDTH, "height": 900})
            page.on("pageerror", lambda error: print("the page:", error))  # noqa: T201 - for whoever draws
            # A page of Prometheus' own origin, though it serves none such: then it may be asked.
            address = f"{prometheus}/pictures"
            page.route(address, lambda route: route.fulfill(body=PAGE, content_type="text/html"))
            page.goto(address)
            page.add_style_tag(content=made[1])
            page.add_script_tag(content=made[0])
            board = json.loads(file.read_text())
            page.evaluate("([board, scene]) => draw(board, scene)", [board, scene | {"variables": variables}])
            page.wait_for_timeout(1500)
            picture = PICTURES / f"dashboard-{file.stem.removeprefix('mailpath-')}.png"
            page.screenshot(path=picture, full_page=True)
            page.close()
            _run("pngquant", "--force", "--ext=.png", "128", str(picture))
        browser.close()


def _run(*command: str) -> None:
    subprocess.run(command, cwd=CACHE, check=True)  # noqa: S603 - our own words


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prometheus", help="its address, as http://127.0.0.1:9090")
    parser.add_argument("--path", default="demo", help="the mail path to look at")
    parser.add_argument("--minutes", type=int, default=60, help="how far to look back")
    now = time.clock_gettime(time.CLOCK_REALTIME)
    parser.add_argument("--until", type=float, default=now, help="the end of that, in epoch seconds; now, if not given")
    given = parser.parse_args()
    take(bundle(), given.prometheus, given.path, given.minutes, given.until)


if __name__ == "__main__":
    main()
