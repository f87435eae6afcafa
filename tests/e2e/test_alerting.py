"""Somebody is told: real Prometheus and Alertmanager watch broken demos, each page is the right one, and it ends."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config.alert_rules import rules_yaml, thresholds
from monitor.config.load import load
from monitor.demo.configuration import mailpath_yml
from monitor.demo.faults import FAULTS
from monitor.demo.mail_path import open_mail_path
from tests.alerts.servers import Json, Message, Receiver, alertmanager, free_port, prometheus, receiver, shipped_routes
from tests.patience import stretched

pytestmark = pytest.mark.servers


# Who is told by which alert, and which hop it names; of a slow greeting nobody is.
TOLD = {
    "node-down": ("chat", "MailpathNodeDown", "node"),
    "proxy-off": ("pager", "MailpathProxyHeaderRefused", "proxy_header"),
    "port-closed": ("chat", "MailpathNodePortBroken", "nodeport"),
    "haproxy-pool-down": ("pager", "MailpathBackendBroken", "backend"),
    "snat-address": ("pager", "MailpathClientIpLost", "client_ip"),
    "log-stalled": ("chat", "MailpathMaillogBlind", "maillog"),
    "ssh-down": ("chat", "MailpathMonitorBlind", "monitor"),
    "certificate-expired": ("pager", "MailpathTlsInvalid", "tls"),
    "slow-greeting": None,
}
# The log must have shown our connections before its silence can mean anything.
LATER = {"log-stalled": "@4s"}
# Start, detection, scrape, evaluation, `for:` and group_wait come to a third of it on an idle machine.
WITHIN = 40.0
# More demos than this look broken to one another, for want of processors.
AT_ONCE = 3
# This one runs all the time, so that there is always a daemon to scrape.
QUIET = "slow-greeting"


class Stand:
    """The demos by fault, and what was told of each."""

    def __init__(self, directory: Path, told: Receiver) -> None:
        """Take a place for temporary files, and who is told."""
        self.ports = {fault: free_port() for fault in TOLD}
        self._directory = directory
        self._told = told
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def act(self, faults: Sequence[str]) -> None:
        """Break these, wait for what is told, mend them, wait for what is told then."""
        for status, broken in (("firing", True), ("resolved", False)):
            for fault in faults:
                self.start(fault, broken=broken)
            deadline = time.monotonic() + stretched(WITHIN)
            while not all(self.messages(fault, status) for fault in faults) and time.monotonic() < deadline:
                time.sleep(0.2)
            self.stop(*faults)

    def start(self, fault: str, *, broken: bool) -> None:
        """Start a demo; the sound one takes the port of the broken one before it."""
        words = ["--fault", fault + LATER.get(fault, "")] if broken else []
        address = f"127.0.0.1:{self.ports[fault]}"
        with (self._directory / f"{fault}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "monitor", "demo", "--web.listen-address", address, *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(self._directory)},
            )
        self._processes[fault] = process

    def stop(self, *faults: str) -> None:
        """End these demos, without any every one."""
        ending = [self._processes.pop(fault) for fault in faults or tuple(self._processes)]
        for process in ending:
            process.send_signal(signal.SIGINT)
        for process in ending:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def told_of(self) -> set[str]:
        """The paths of which anything was told."""
        return {each.labels["path"] for each in self._told.messages}

    def messages(self, fault: str, status: str) -> list[Message]:
        """Give what was told of a demo, in order."""
        return [each for each in self._told.messages if each.labels["path"] == fault and each.status == status]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Everything breaks, is told, is mended, and is told to be over."""
    directory = tmp_path_factory.mktemp("alerting")
    with contextlib.ExitStack() as stack:
        told = stack.enter_context(receiver())
        stand = Stand(directory, told)
        stack.callback(stand.stop)
        manager = stack.enter_context(alertmanager(directory / "alertmanager", shipped_routes(told.port)))
        (directory / "mailpath.rules.yml").write_text(_rules(directory))
        stack.enter_context(prometheus(directory / "prometheus", _scraping(stand, manager)))
        stand.start(QUIET, broken=True)
        faults = [fault for fault in TOLD if fault != QUIET]
        for first in range(0, len(faults), AT_ONCE):
            stand.act(faults[first : first + AT_ONCE])
        yield stand


def test_every_fault_of_the_demo_is_here() -> None:
    """A new fault needs its page, or a reason to have none."""
    assert list(TOLD) == [fault.name for fault in FAULTS]


@pytest.mark.parametrize(("fault", "told"), [(fault, told) for fault, told in TOLD.items() if told is not None])
def test_one_message_the_right_one_and_its_end(story: Stand, fault: str, told: tuple[str, str, str]) -> None:
    """Whoever is concerned is told once, by one alert, of the hop that is broken; and once that it is over."""
    firing, resolved = story.messages(fault, "firing"), story.messages(fault, "resolved")
    assert [_told(each) for each in firing] == [(told[0], [told[1:]])]
    assert [_told(each) for each in resolved] == [(told[0], [told[1:]])]
    annotations = firing[0].alerts[0]["annotations"]
    assert annotations["summary"].startswith(f"Mail path {fault}: ")
    assert annotations["description"].endswith(f"Run: {annotations['command'].splitlines()[0]}")
    assert "127." in annotations["command"] or "kubectl" in annotations["command"]
    assert annotations["runbook_url"] == f"docs/runbook/{told[1]}.md"


def test_a_slow_greeting_wakes_nobody(story: Stand) -> None:
    """It is seen on the page and in the histogram; and nothing else was told of anything."""
    assert story.told_of == {fault for fault, told in TOLD.items() if told is not None}


def _told(message: Message) -> tuple[str, list[tuple[str, str]]]:
    labels = [alert["labels"] for alert in message.alerts]
    return message.receiver, [(each["alertname"], each["hop"]) for each in labels]


def _rules(directory: Path) -> str:
    """Give the rules for the demo's own configuration, where a rollout has no five minutes."""

    async def configuration() -> str:
        path = await open_mail_path(directory, lambda *_: None)
        try:
            return mailpath_yml(path)
        finally:
            await path.close()

    file = directory / "mailpath.yml"
    file.write_text(asyncio.run(configuration()))
    derived = thresholds(load(file, check_files=False).paths, {})
    return rules_yaml(replace(derived, rollout=derived.settle, restart=derived.settle))


def _scraping(stand: Stand, manager: str) -> Json:
    """Scrape every demo, each of which is a path of the fault's name to Prometheus."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["../mailpath.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager.removeprefix("http://")]}]}]},
        "scrape_configs": [
            {
                "job_name": "existing",
                "honor_labels": True,
                "static_configs": [
                    {"targets": [f"127.0.0.1:{port}"], "labels": {"fault": fault, "node": "n1", "service": "mailpath"}}
                    for fault, port in stand.ports.items()
                ],
                "metric_relabel_configs": [
                    {"source_labels": ["path", "fault"], "regex": "demo;(.+)", "target_label": "path"}
                ],
            }
        ],
    }
