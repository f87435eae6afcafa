"""From a fault to the metric that tells it, and to the page: a hundred faults, one on each of a hundred paths."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.daemons import Daemon, daemon
from bench.measure import Figure, Standing, quantile, standing
from monitor.config.alert_rules import rules_yaml, thresholds
from monitor.config.load import load
from monitor.publish.alerting.thresholds import Thresholds
from tests.alerts.servers import Json, Receiver, alertmanager, prometheus, receiver, shipped_routes

PATHS = 100
SCRAPE = "15s"  # and so often are the rules evaluated
GROUP_WAIT = "30s"  # as alerts/alertmanager/alertmanager.yml has it; the tests' own is shorter
ALERT = "MailpathProxyHeaderRefused"
POLL = 0.25
# Seconds after which a check, or a handshake, is in its own beat: the first rounds come all at once, the second ones
# half an interval to one and a half later.
CHECKS_SETTLED, HANDSHAKES_SETTLED = 8.0, 95.0
# Far beyond what the shipped intervals, and the rules' own waits, amount to.
FIRST_WITHIN, SEEN_WITHIN, PAGE_WITHIN = 60.0, 120.0, 300.0
_SERIES = re.compile(rb'^mailpath_(check|handshake)_up\{.*path="(\w+)".*\} ([01])', re.MULTILINE)

Times = Mapping[str, float]


def figures(directory: Path, _programs: dict[str, Path], _rounds: int) -> Iterator[Figure]:
    """Break all paths at the same moment, each of which is at a place of its own in its beat."""
    with ExitStack() as stack:
        broken = stack.enter_context(standing("hundred_paths", directory=str(directory), paths=PATHS))
        file = Path(broken.hear()["file"])
        watching = stack.enter_context(daemon(file))
        told = stack.enter_context(_told(directory, file, watching))
        _all(watching, "check", up=True, within=FIRST_WITHIN)
        _all(watching, "handshake", up=True, within=FIRST_WITHIN)
        time.sleep(CHECKS_SETTLED)

        struck = _strike(broken, "close_a_check")
        yield _figure("a healthcheck port closes", {"check_up is 0": _since(struck, _all(watching, "check", up=False))})
        _strike(broken, "open_the_check")
        _all(watching, "check", up=True)
        time.sleep(max(0.0, watching.began + HANDSHAKES_SETTLED - time.monotonic()))

        struck = _strike(broken, "turn_proxy_off")
        seen = _since(struck, _all(watching, "handshake", up=False))
        pages = _since(struck, _pages(told))
        waits = (
            f"Prometheus scrapes and evaluates every {SCRAPE}; the shipped rule waits {_settle(file):g} s, its route"
        )
        yield _figure(
            "the mail server's PROXY is off",
            {"handshake_up is 0": seen, f"{ALERT} is told": pages},
            f"{waits} {GROUP_WAIT}. ",
        )


def _figure(fault: str, seen: Mapping[str, list[float]], note: str = "") -> Figure:
    spread = "; ".join(f"{name}: nine of ten within {quantile(each, 0.9):.1f} s" for name, each in seen.items())
    return Figure(f"From fault to word, {PATHS} faults: {fault}", "s", seen, note=f"{note}{spread}.")


def _strike(broken: Standing, fault: str) -> Times:
    """Break or mend every path; give when."""
    broken.tell(fault)
    times: Times = broken.hear()
    return times


def _since(struck: Times, seen: Times) -> list[float]:
    return [seen[path] - at for path, at in struck.items()]


def _all(watching: Daemon, probe: str, *, up: bool, within: float = SEEN_WITHIN) -> Times:
    """Scrape until every path says that all its targets are up, or that any is not; give when each first did.

    Raises:
        RuntimeError: One of them does not.
    """
    seen: dict[str, float] = {}
    deadline = time.monotonic() + within
    while len(seen) < PATHS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(seen)} of {PATHS} paths say that {probe}_up is {up:d}")
        states: dict[str, set[bytes]] = {}
        content, now = watching.metrics(), time.monotonic()
        for kind, path, state in _SERIES.findall(content):
            if kind.decode() == probe:
                states.setdefault(path.decode(), set()).add(state)
        for path, found in states.items():
            if found == {b"1"} if up else b"0" in found:
                seen.setdefault(path, now)
        time.sleep(POLL)
    return seen


def _pages(told: Receiver) -> Times:
    """Wait until every path was told of; give when each was first.

    Raises:
        RuntimeError: One was not.
    """
    deadline = time.monotonic() + PAGE_WITHIN
    while True:
        pages: dict[str, float] = {}
        for message in tuple(told.messages):
            if any(alert["labels"]["alertname"] == ALERT for alert in message.alerts):
                pages.setdefault(message.labels["path"], message.at)
        if len(pages) == PATHS:
            return pages
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(pages)} of {PATHS} paths were told of")
        time.sleep(0.5)


@contextmanager
def _told(directory: Path, file: Path, watching: Daemon) -> Iterator[Receiver]:
    """Run Prometheus with the shipped rules, and Alertmanager with the shipped routes; give who is told."""
    watching.until(bool)
    (directory / "hundred.rules.yml").write_text(rules_yaml(_derived(file)))
    with ExitStack() as stack:
        told = stack.enter_context(receiver())
        routes = shipped_routes(told.port)
        routes["route"]["routes"][0] |= {"group_wait": GROUP_WAIT}
        manager = stack.enter_context(alertmanager(directory / "alertmanager", routes))
        stack.enter_context(prometheus(directory / "prometheus", _scraping(watching.address, manager)))
        yield told


def _derived(file: Path) -> Thresholds:
    return thresholds(load(file, check_files=False).paths, {})


def _settle(file: Path) -> float:
    return _derived(file).settle


def _scraping(address: str, manager: str) -> Json:
    return {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": "10s", "evaluation_interval": SCRAPE},
        "rule_files": ["../hundred.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]},
        "scrape_configs": [
            {"job_name": "mailpath", "honor_labels": True, "static_configs": [{"targets": [address]}]},
        ],
    }
