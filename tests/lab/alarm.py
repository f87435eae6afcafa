"""Real Prometheus and Alertmanager on the client's host of a laboratory, and whoever is told of what they find."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from monitor.config.alert_rules import rules_yaml, thresholds
from monitor.config.load import load
from tests.alerts.servers import Json, Message, Receiver, alertmanager, prometheus, receiver, shipped_routes
from tests.lab.lab import WEB_PORT, Lab

RESTART = 1.0
"""Seconds that a firing alert outlives a scrape that fails."""
ONCE = "--rules.alert.resend-delay=20m"
"""Prometheus repeats for 15 minutes that an alert is over: faults follow one another too soon here for that."""
BEAT = 1.0
"""Seconds from scrape to scrape, and from evaluation to evaluation; Alertmanager's group_wait is shorter."""
OVER_WITHIN = 30.0
"""Seconds from a sound view to the message that it is over: RESTART, and then what the last message held up."""

Words = tuple[str, ...]
"""``firing`` or ``resolved``, who is told, and of each alert its name and its hop."""


class Alarm:
    """What has been told; ``waits`` are the seconds for which trouble must stand before it is."""

    def __init__(self, told: Receiver, waits: float) -> None:
        """Take who is told."""
        self.waits = waits
        self._told = told
        self._taken = 0
        self._owed: Words | None = None

    def take(self, *, owed: Words | None = None) -> list[Words]:
        """Give what has been told since the last time.

        The message ``owed`` is not waited for: it is left out, come already or once in a later call.

        Raises:
            AssertionError: the message that was owed before has not come meanwhile.
        """
        news = self._untaken()
        self._taken += len(news)
        self._leave_out_owed(news)
        if owed is not None:
            assert self._owed is None, f"nobody was told in the meantime: {self._owed}"
            self._owed = owed
            self._leave_out_owed(news)
        return news

    def until_told(self, status: str, *, by: float) -> None:
        """Wait for a message of this status, that must have come by that time of ``time.monotonic()``.

        Raises:
            AssertionError: it has not.
        """
        while not self._told_in_time(status, by):
            assert time.monotonic() < by, f"nobody was told in time that it is {status}; told: {self._untaken()}"
            time.sleep(0.05)

    def _told_in_time(self, status: str, by: float) -> bool:
        in_time = [_words(message) for message in self._told.messages[self._taken :] if message.at < by]
        if self._owed in in_time:
            in_time.remove(self._owed)
        return any(told[0] == status for told in in_time)

    def _untaken(self) -> list[Words]:
        return [_words(message) for message in self._told.messages[self._taken :]]

    def _leave_out_owed(self, news: list[Words]) -> None:
        if self._owed in news:
            news.remove(self._owed)
            self._owed = None


def _words(message: Message) -> Words:
    """Give what one message says: that it is so or over, to whom, and each alert with its hop.

    An alert that is over may travel in the message of another one that begins; that says nothing of its own.
    """
    alerts = [each["labels"] for each in message.alerts if each["status"] == message.status]
    return message.status, message.receiver, *(word for each in alerts for word in (each["alertname"], each["hop"]))


@contextlib.contextmanager
def alarm(lab: Lab, configuration: str, directory: Path) -> Iterator[Alarm]:
    """Let Prometheus scrape the daemon, under a job that was there before, with the rules for this configuration.

    A rollout is given no more time than anything else.
    """
    file = directory / "alarm.yml"
    file.write_text(configuration)
    derived = thresholds(load(file, check_files=False).paths, {})
    rules = rules_yaml(replace(derived, rollout=derived.settle, restart=RESTART))
    (directory / "mailpath.rules.yml").write_text(rules)
    with contextlib.ExitStack() as stack:
        # Started from a thread on the client's host, they live there, as the daemon does.
        told = lab.client.submit(stack.enter_context, receiver()).result()
        routes = shipped_routes(told.port)
        manager = lab.client.submit(stack.enter_context, alertmanager(directory / "alertmanager", routes)).result()
        watching = prometheus(directory / "prometheus", _scraping(manager), ONCE)
        lab.client.submit(stack.enter_context, watching).result()
        yield Alarm(told, derived.settle)


def _scraping(manager: str) -> Json:
    beat = f"{round(1000 * BEAT)}ms"
    return {
        "global": {"scrape_interval": beat, "scrape_timeout": beat, "evaluation_interval": beat},
        "rule_files": ["../mailpath.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]},
        "scrape_configs": [
            {
                "job_name": "kubernetes-service-endpoints",
                "honor_labels": True,
                "static_configs": [
                    {"targets": [f"127.0.0.1:{WEB_PORT}"], "labels": {"node": "k8s-node1", "service": "mailpath"}}
                ],
            }
        ],
    }
