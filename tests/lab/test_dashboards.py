"""Every query of the dashboards is answered with data by a real Prometheus that scrapes a daemon in the laboratory."""

import math
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from dashboards.state_sets import AGREEMENT, AGREEMENTS, DIAGNOSIS, DOOR_VERDICTS, HOPS, NODE_VERDICTS, VERDICTS
from monitor.config.alert_rules import rules_yaml
from monitor.publish.alerting.thresholds import Thresholds
from tests.alerts.servers import Json, get, prometheus
from tests.dashboards.boards import ASKED, EVERYTHING, filled
from tests.lab.daemon import Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.lab import WEB_PORT, Lab
from tests.lab.network import EDGE, OUTSIDE
from tests.lab.pace import Pace
from tests.waiting import eventually

WITHIN = 180.0
"""Seconds until all is answered: first rounds with postscreen's wait, two scrapes, two evaluations, a busy machine."""
CALM = Pace(check=2, dialogue=5, fast=2, timeout=8, edge=2)
"""Rounds that are many enough for a rate, and few enough for a busy machine."""
ROUNDTRIP = b'{"path": "home", "success": true, "duration_seconds": 8.4}'

WITHOUT_DATA = {
    "mailpath-overview: Alerts that fire": "nothing is broken",
    "mailpath-overview: Listeners →": "the laboratory has no cluster",
    "mailpath-services: Failed rounds, by phase and reason": "nothing is broken",
    "mailpath-services: Failed health checks": "nothing is broken",
    "mailpath-services: Drift": "what is declared is what there is",
    "mailpath-mail-log: What must be refused": "the canary's first round comes after one negative_interval, an hour",
    "mailpath-mail-log: Problems in the log": "nothing is broken",
    "mailpath-itself: What it can see D": "the laboratory has no cluster",
    "mailpath-itself: Leads": "there is one replica, and no election",
} | {
    f"mailpath-{board}: annotation {name}": reason
    for board in ("overview", "services", "mail-log")
    for name, reason in {
        "Announced work": "nobody has announced any",
        "Broken hop": "nothing is broken",
        "Verdicts": "nothing is broken",
    }.items()
}


class Asking:
    """Prometheus on the client's host."""

    def __init__(self, lab: Lab, base: str) -> None:
        """Take its base address there."""
        self._lab, self._base = lab, base

    def answer(self, expr: str) -> list[Json]:
        """Ask for now; an answer that is no number is none."""
        url = f"{self._base}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
        answered = self._lab.client.submit(get, url).result()["data"]["result"]
        return [each for each in answered if not math.isnan(float(each["value"][1]))]

    def values(self, expr: str) -> list[float]:
        """Give the values of a query of a dashboard."""
        return [float(each["value"][1]) for each in self.answer(filled(expr, **EVERYTHING))]

    def silent(self) -> set[str]:
        """Name the queries of the dashboards that are not answered with data."""
        return {asked.where for asked in ASKED if not self.answer(asked.expr)}

    def until(self, holds: Callable[[], bool], tale: Callable[[], object]) -> None:
        """Poll until something holds.

        Raises:
            AssertionError: it did not in time; with the tale of what is there instead.
        """
        eventually(holds, WITHIN, tale, every=0.5)


@pytest.fixture(scope="module")
def asking(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """Scrape a daemon of a sound path twice, as if it were two replicas, under a job that was there before."""
    directory = tmp_path_factory.mktemp("dashboards")
    (directory / "mailpath.rules.yml").write_text(rules_yaml(Thresholds()))
    with ExitStack() as stack:
        configuration = CALM.configuration(lab)
        daemon = stack.enter_context(Daemon(lab, directory, configuration, "--web.enable-lifecycle"))
        daemon.until_sound(within=30)
        watching = prometheus(directory / "prometheus", _scraping())
        base = lab.client.submit(stack.enter_context, watching).result()
        assert lab.http("POST", "/api/v1/roundtrip", ROUNDTRIP).status == 200
        yield Asking(lab, base)


def test_every_query_is_answered(lab: Lab, asking: Asking) -> None:
    """But for those that have nothing to say while all is well.

    A busy machine makes our own rounds late, and a late one is a fault for a moment: what must be answered has been at
    some time, and what must be silent has been too.
    """
    never, always = {asked.where for asked in ASKED} - WITHOUT_DATA.keys(), {*WITHOUT_DATA}

    def all_have_been() -> bool:
        call(lab)
        silent = asking.silent()
        never.intersection_update(silent)
        always.difference_update(silent)
        return not never and not always

    asking.until(all_have_been, lambda: f"never answered: {never}; always answered: {always}")


@pytest.mark.parametrize(
    ("expr", "targets", "state"),
    [
        (NODE_VERDICTS, 16, VERDICTS.index("ok")),
        (DOOR_VERDICTS, 4, VERDICTS.index("ok")),
        (AGREEMENT, 16, AGREEMENTS.index("agree")),
        (DIAGNOSIS, 1, HOPS.index("none")),
    ],
    ids=["verdicts", "front doors", "agreement", "diagnosis"],
)
def test_exactly_the_active_state_shows(asking: Asking, expr: str, targets: int, state: int) -> None:
    """One line a target, however many replicas are scraped."""
    asking.until(lambda: asking.values(expr) == [state] * targets, lambda: asking.values(expr))


def call(lab: Lab) -> None:
    """Be a client from outside who has a look, and leaves in order."""
    with Dialogue(lab.connect(EDGE, 587, source=OUTSIDE)) as client:
        assert client.reply().startswith("220")
        assert client.say("QUIT").startswith("221")


def _scraping() -> Json:
    replicas = [f"127.0.0.1:{WEB_PORT}", f"127.0.0.2:{WEB_PORT}"]
    target_labels = {"node": "k8s-node1", "service": "mailpath"}
    return {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"},
        "rule_files": ["../mailpath.rules.yml"],
        "scrape_configs": [
            {
                "job_name": "kubernetes-service-endpoints",
                "honor_labels": True,
                "static_configs": [{"targets": replicas, "labels": target_labels}],
            }
        ],
    }
