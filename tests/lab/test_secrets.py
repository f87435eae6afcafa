"""Every secret that mailpath is given bears a mark, and no mark is found in anything that it says or shows."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
import yaml

from monitor.config.load import load
from monitor.config.settings import Settings
from monitor.config.values import Secret
from tests.lab.daemon import Daemon
from tests.lab.haproxy import CONFIGURATION
from tests.lab.internet import PORT, Internet
from tests.lab.lab import Lab
from tests.lab.network import POD
from tests.lab.pace import QUICK

MARK = "marked-"
PAGES = ("/", "/metrics", "/config", "/api/v1/status", "/api/v1/events?limit=1000", "/healthz", "/readyz")
PROBES = ("/probe?path=home&node=k8s-node1&service=smtp&debug=true", "/probe?path=home&node=pfsense&service=imaps")
COMMANDS = (
    ("check",),
    ("check", "--output=json"),
    ("probe", "k8s-node1", "imaps"),
    ("roundtrip",),
    ("roundtrip", "--via=front_door"),
    ("config", "show"),
    ("config", "check"),
    ("rbac",),
    ("rules",),
)
VARIABLES = {"BREVO_API_KEY": f"{MARK}api-key", "IMAP_PASSWORD": f"{MARK}imap-password"}
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "lab",
    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    "clusters": [{"name": "lab", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "lab", "user": {"token": f"{MARK}kubernetes-token"}}],
}


def url(name: str) -> str:
    """Give an address that answers, with a password and a token in it."""
    return f"http://user:{MARK}password-of-{name}@127.0.0.1:{PORT}/{MARK}token-of-{name}"


def document(lab: Lab, kubeconfig: Path) -> dict[str, Any]:
    """Give a configuration in which everything secret is given and marked."""
    whole: dict[str, Any] = yaml.safe_load(QUICK.configuration(lab))
    (path,) = whole["paths"]
    path["kubernetes"] = {"kubeconfig": str(kubeconfig)}
    path["roundtrip"] = {
        "sender": "monitoring@example.org",
        "recipient": "smoke-test@example.org",
        "brevo": {"url": f"http://127.0.0.1:{PORT}/v3", "api_key": "${BREVO_API_KEY}"},
        "imap": {"host": POD, "user": "nobody@lab.test", "password": "${IMAP_PASSWORD}"},
        "timeout": "2s",
        "poll_interval": "500ms",
        "pushgateway_url": url("pushgateway"),
        "kuma_url": url("kuma"),
        "daemon_urls": [url("daemon")],
    }
    whole["notify"] = {"webhook_url": url("webhook"), "heartbeat_url": url("heartbeat"), "heartbeat_interval": "1s"}
    return whole


def secret_fields(struct: type) -> Iterator[tuple[type, str]]:
    """Give every key of the configuration, at any depth, that holds a secret."""
    for name, hint in get_type_hints(struct).items():
        pending, kinds = [hint], set()
        while pending:
            each = pending.pop()
            kinds.add(each)
            pending += get_args(each)
        if Secret in kinds:
            yield struct, name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from secret_fields(kind)


def given(settings: object) -> Iterator[tuple[type, str]]:
    """Give those of them that these settings set."""
    values = settings if isinstance(settings, list | tuple) else ()
    if isinstance(settings, msgspec.Struct):
        for name in settings.__struct_fields__:
            value = getattr(settings, name)
            if isinstance(value, Secret) or (value and isinstance(value, tuple) and isinstance(value[0], Secret)):
                yield type(settings), name
            values = (*values, value)
    for value in values:
        yield from given(value)


def arguments_of_everybody() -> str:
    """Give the command lines of all processes, as anybody on the machine can read them."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(lines)


@pytest.fixture
def file(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the configuration, and mark what is secret beside it: in a kubeconfig, in haproxy.cfg."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(KUBECONFIG))
    kept = lab.edge.path(CONFIGURATION).read_text()
    section = f"\nlisten stats\n\tmode http\n\tbind 127.0.0.1:8404\n\tstats auth admin:{MARK}stats-password\n"
    lab.edge.write(CONFIGURATION, kept + section)
    file = tmp_path / "mailpath.yml"
    file.write_text(yaml.safe_dump(document(lab, kubeconfig)))
    return file


def test_every_secret_is_marked(file: Path) -> None:
    """A secret that is added to the configuration must be marked here too, or nobody would look for it."""
    assert set(given(load(str(file), check_files=False))) == set(secret_fields(Settings))


def test_no_mark_is_seen(lab: Lab, file: Path, tmp_path: Path) -> None:
    """Neither in logs at their most talkative, metrics, pages, /config, command output, nor in process arguments."""
    key = lab.sshd.key_file.read_text()
    lines_of_the_key = [line for line in key.splitlines() if "-----" not in line]
    seen: dict[str, str] = {}
    flags = ("--web.enable-lifecycle", "--log.level=debug")
    with Internet(lab) as internet, Daemon(lab, tmp_path, file.read_text(), *flags) as daemon:
        assert daemon.file == file
        daemon.until(lambda: any("heartbeat" in path for _, path, _ in internet.pushed), within=20)
        lab.listener(5587).refuse()
        daemon.until(lambda: any("webhook" in path for _, path, _ in internet.pushed), within=20)
        for page in PAGES + PROBES:
            seen[page] = lab.http("GET", page, timeout=30, headers={"Accept": "application/json"}).body
        whole = file.read_text()
        for number, wrong in enumerate(wrong_configurations(whole)):
            answer = daemon.reload(wrong)
            assert answer.status == 500
            seen[f"reload {number}"] = answer.body
        file.write_text(whole)
        for command in COMMANDS:
            seen[" ".join(command)] = run(lab, file, *command)
        seen["process arguments"] = arguments_of_everybody()
        seen["log"] = daemon.log_file.read_text()
    assert "mailpath_build_info" in seen["/metrics"]
    hidden = len(set(secret_fields(Settings)))
    assert [seen[where].count("<secret>") for where in ("/config", "config show")] == [hidden, hidden]
    assert "Round-trip FAILED" in seen["roundtrip"]
    assert f"--config.file={file}" in seen["process arguments"]
    for where, text in seen.items():
        leaked = [line for line in text.splitlines() if MARK in line or any(part in line for part in lines_of_the_key)]
        assert leaked == [], where


def wrong_configurations(text: str) -> Iterator[str]:
    """Spoil a configuration right beside its secrets: in its YAML, in a value, by an unknown key."""
    yield text.replace("webhook_url: ", "webhook_url: '")
    yield text.replace("webhook_url: http", "webhook_url: gopher")
    yield text.replace("webhook_url: ", "webhook: ")
    yield text.replace("password: ${IMAP_PASSWORD}", f"password: [{MARK}in-a-list]")


def run(lab: Lab, file: Path, *arguments: str) -> str:
    """Run a command on the client's host; give all that it prints."""
    done = subprocess.run(
        [*lab.command_prefix(), sys.executable, "-m", "monitor", *arguments, f"--config.file={file}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | VARIABLES,
    )
    return done.stdout + done.stderr
