"""The shipped Alertmanager example: it is sound, tells the right people, and lets causes speak for their effects."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.servers import ALERTMANAGER, alertmanager, get, post, receiver, shipped_routes
from tests.patience import stretched

FILE = ALERTMANAGER / "alertmanager.yml"


def amtool(*arguments: str | Path) -> str:
    """Run amtool; fail with its words where it does not succeed."""
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_alertmanager_takes_the_configuration() -> None:
    """Routes, inhibition, receivers and the template with them."""
    assert "1 templates" in amtool("check-config", FILE)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("alertname=MailpathEdgeDown", "severity=critical", "path=home"), "pager"),
        (("alertname=MailpathNodeDown", "severity=warning", "path=home"), "chat"),
        (("alertname=MailpathNodeCordoned", "severity=info", "path=home"), "nobody"),
        (("alertname=SomethingElse", "severity=critical"), "nobody"),
    ],
)
def test_who_is_told(labels: tuple[str, ...], told: str) -> None:
    """Critical wakes somebody, a warning is read in the day, information disturbs nobody."""
    amtool("config", "routes", "test", f"--config.file={FILE}", f"--verify.receivers={told}", *labels)


def test_a_page_reads_like_a_colleague(tmp_path: Path) -> None:
    """What broke, since when, what it means for mail, what to run; what is over is said to be over."""
    annotations = {"summary": "A is down", "description": "It hurts.", "command": "one\ntwo", "runbook_url": "page.md"}
    times = {"startsAt": "2026-11-22T03:04:05Z", "endsAt": "2026-11-22T04:05:06Z"}
    alerts = [
        {"status": status, "labels": {"alertname": "A"}, "annotations": annotations, **times}
        for status in ("firing", "resolved")
    ]
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"status": "firing", "alerts": alerts}))
    told = amtool(
        "template",
        "render",
        f"--template.glob={ALERTMANAGER}/mailpath.tmpl",
        '--template.text={{ template "mailpath.title" . }}|{{ template "mailpath.text" . }}'
        '|{{ template "mailpath.url" . }}',
        f"--template.data={data}",
    )
    assert told.strip() == (
        "A is down|A is down.\nIt hurts.\nTold since 03:04 UTC on Sunday 22 November.\nWhat to run:\none\ntwo\n"
        "More: page.md\n\nOver since 04:05 UTC, told since 03:04 UTC: A is down.\n\n|page.md"
    )


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Alertmanager with the shipped inhibition."""
    with receiver() as told, alertmanager(tmp_path_factory.mktemp("manager"), shipped_routes(told.port)) as base:
        yield base


def _ours(name: str, severity: str, hop: str) -> dict[str, str]:
    return {"alertname": f"Mailpath{name}", "severity": severity, "hop": hop, "path": "home"}


EDGE = _ours("EdgeDown", "critical", "edge")
BACKEND = _ours("BackendBroken", "critical", "backend")
SERVER = _ours("MailServerDown", "critical", "mail_server")
NODE = _ours("NodeDown", "warning", "node")
NODE_PORT = _ours("NodePortBroken", "warning", "nodeport")
ROUNDTRIP = _ours("RoundtripFailing", "critical", "roundtrip")
WAN = _ours("NoExternalClients", "critical", "wan")
UNEXPLAINED = _ours("Unexplained", "critical", "unexplained")
BUDGET = _ours("BudgetBurning", "critical", "none")
RELAY = _ours("OpenRelay", "critical", "mail_server")
LOG = _ours("MaillogBlind", "warning", "maillog")
ELSEWHERE = BACKEND | {"path": "branch"}
WORK = _ours("Maintenance", "info", "monitor")
NODE_DOWN, SERVER_DOWN = {"alertname": "NodeDown"}, {"alertname": "MailServerDown", "severity": "critical"}
FAILING, STALE, NEVER = ({"alertname": f"EmailRoundtrip{word}"} for word in ("Failing", "Stale", "NeverRun"))


@pytest.mark.parametrize(
    ("firing", "heard"),
    [
        ([EDGE, BACKEND, NODE, ROUNDTRIP, WAN, UNEXPLAINED, BUDGET, FAILING], [EDGE]),
        ([BACKEND, NODE, NODE_PORT, ROUNDTRIP, BUDGET], [BACKEND]),
        ([SERVER, SERVER_DOWN, FAILING, STALE, WAN], [SERVER]),
        ([EDGE, RELAY, LOG, ELSEWHERE], [EDGE, RELAY, LOG, ELSEWHERE]),
        ([RELAY, NODE, ROUNDTRIP], [RELAY, NODE, ROUNDTRIP]),
        ([NODE, ROUNDTRIP], [NODE, ROUNDTRIP]),
        ([NODE, NODE | {"severity": "critical"}], [NODE | {"severity": "critical"}]),
        ([NODE_DOWN, NODE, NODE_PORT], [NODE_DOWN, NODE_PORT]),
        ([SERVER_DOWN, ROUNDTRIP, WAN, UNEXPLAINED, BUDGET], [SERVER_DOWN]),
        ([SERVER, UNEXPLAINED], [SERVER]),
        ([NODE | {"severity": "critical"}, UNEXPLAINED], [NODE | {"severity": "critical"}]),
        ([UNEXPLAINED, NODE, LOG, ROUNDTRIP, WAN, BUDGET, FAILING, STALE], [UNEXPLAINED, NODE, LOG]),
        ([UNEXPLAINED | {"severity": "warning"}, ROUNDTRIP], [UNEXPLAINED | {"severity": "warning"}, ROUNDTRIP]),
        ([ROUNDTRIP, FAILING, STALE, NEVER], [ROUNDTRIP]),
        ([WORK, EDGE, NODE, LOG, ROUNDTRIP, BUDGET, RELAY, ELSEWHERE], [WORK, RELAY, ELSEWHERE]),
        ([WORK, SERVER, SERVER_DOWN, FAILING, STALE, NEVER, NODE_DOWN], [WORK, NODE_DOWN]),
    ],
)
def test_causes_speak_for_their_effects(
    firing: list[dict[str, str]], heard: list[dict[str, str]], manager: str, request: pytest.FixtureRequest
) -> None:
    """Edge > backend > node > service on the same path, ours and the house's own; never are all of them mute."""
    case = {"case": request.node.name}
    post(f"{manager}/api/v2/alerts", [{"labels": labels | case} for labels in firing])
    deadline = time.monotonic() + stretched(30)
    while time.monotonic() < deadline:
        known = [each for each in get(f"{manager}/api/v2/alerts") if each["labels"].items() >= case.items()]
        spoken = [each["labels"] for each in known if not each["status"]["inhibitedBy"]]
        if len(known) == len(firing) and len(spoken) == len(heard):
            break
        time.sleep(0.05)
    assert sorted(spoken, key=str) == sorted((labels | case for labels in heard), key=str)
    ended = [{"labels": labels | case, "endsAt": "2020-01-01T00:00:00Z"} for labels in firing]
    post(f"{manager}/api/v2/alerts", ended)
