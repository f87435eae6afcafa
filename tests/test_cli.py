"""The command line: commands, flags, exit codes, and what goes where."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor import __version__, daemon, demo
from monitor.cli import main
from monitor.config.load import Reading, at_once, load
from monitor.config.options import RunOptions
from monitor.config.settings import PathSettings, Settings
from monitor.core.roundtrip import Via
from monitor.core.status import Finding
from monitor.publish.external_url import ExternalUrl
from tests.config.documents import MINIMAL
from tests.publish.statuses import path_status

CRITICAL = Finding("critical", "pfsense:25", "nat_redirect", "NAT leads port 25 astray.")
FAULTY = MINIMAL + b"    checks: {interval: fast, rise: 0}\n"


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """Let what ``run`` has frozen for the life of its process be searched for garbage again: this one lives on."""
    yield
    gc.unfreeze()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A sound configuration of one path and one node."""
    path = tmp_path / "mailpath.yml"
    path.write_bytes(MINIMAL)
    return path


def test_config_check_of_a_sound_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound file is summed up, and the exit code is 0."""
    assert main(["config", "check", f"--config.file={file}"]) == 0
    assert capsys.readouterr() == (f"{file}: path home: no faults (fixed nodes: 1, services: 4, edges: 0)\n", "")


def test_config_check_tells_of_files_that_are_not_here(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are no fault of the configuration, and where it runs they will be one."""
    file.write_bytes(MINIMAL.replace(b"mail.example.org", b"mail.example.org, ca_file: /nowhere/ca.pem"))
    assert main(["config", "check", f"--config.file={file}"]) == 0
    out, err = capsys.readouterr()
    assert "no faults" in out
    assert "/nowhere/ca.pem" in err
    assert err.endswith("mailpath: here `run` would refuse it\n")


def test_config_check_reads_a_pipe(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``mailpath config check --config.file=<(helm template …)``: what is read is gone, so it is read once."""
    reading, writing = os.pipe()
    os.write(writing, file.read_bytes())
    os.close(writing)
    assert main(["config", "check", f"--config.file=/dev/fd/{reading}"]) == 0
    os.close(reading)
    out, err = capsys.readouterr()
    assert "no faults" in out
    assert err == ""


def test_config_file_has_a_default(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without ``--config.file`` it is ``mailpath.yml`` where one stands."""
    monkeypatch.chdir(file.parent)
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out.startswith("mailpath.yml: path home")


@pytest.mark.parametrize("command", [["config", "check"], ["config", "show"], ["probe", "k8s-node1", "smtp"], ["run"]])
def test_a_bad_configuration_ends_every_command(
    command: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every fault is a line of stderr, the last line counts them, the exit code is 2."""
    file.write_bytes(FAULTY)
    assert (
        main([*command, "--config.file", str(file), *(["--web.listen-address=127.0.0.1:0"] * (command == ["run"]))])
        == 2
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-3:] == [
        f"{file}:6:24: paths[0].checks.interval: expected a duration such as 500ms, 5s or 2m, got 'fast'",
        f"{file}:6:36: paths[0].checks.rise: expected a whole number from 1 to 1000000, got 0",
        "mailpath: 2 faults",
    ]


def test_config_show(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown is a configuration with the same meaning."""
    assert main(["config", "show", "--config.file", str(file)]) == 0
    shown = file.with_name("shown.yml")
    shown.write_text(capsys.readouterr().out)
    assert load(shown, check_files=False) == load(file, check_files=False)


def test_config_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is JSON, and needs no configuration."""
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["required"] == ["paths"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Settings, RunOptions]]:
    """Run ``mailpath run`` with flags; gives what the daemon is given."""

    def call(*flags: str) -> tuple[Settings, RunOptions]:
        given: list[Any] = []

        def stand_in(load_settings: Callable[[], Reading], options: RunOptions) -> int:
            given.extend((at_once(load_settings()), options))
            return 7

        monkeypatch.setattr(daemon, "run", stand_in)
        assert main(["run", *flags]) == 7
        return given[0], given[1]

    return call


def test_run_without_flags(file: Path, run: Callable[..., tuple[Settings, RunOptions]]) -> None:
    """Without flags the options are the shipped ones; the daemon's exit code is the command's."""
    settings, options = run(f"--config.file={file}")
    assert settings == load(file, check_files=False)
    assert options == RunOptions()
    assert options.listen_addresses == (":9641",)


def test_run_with_every_flag(file: Path, run: Callable[..., tuple[Settings, RunOptions]]) -> None:
    """Every flag reaches the daemon, written with a space or an equals sign, the listen address more than once."""
    web = file.with_name("web.yml")
    web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    _, options = run(
        *("--config.file", str(file), "--web.listen-address", "127.0.0.1:9641", "--web.listen-address=[::1]:9641"),
        *(f"--web.config.file={web}", "--web.external-url", "https://mail.example.org/path", "--web.enable-lifecycle"),
        *("--log.level=debug", "--log.format", "logfmt", "--shard", "1", "--total-shards=3"),
    )
    assert options.web_settings is not None
    assert options.web_settings.headers == {"X-Frame-Options": "deny"}
    assert options == RunOptions(
        listen_addresses=("127.0.0.1:9641", "[::1]:9641"),
        web_settings=options.web_settings,
        external_url=ExternalUrl("https://mail.example.org/path"),
        enable_lifecycle=True,
        log_level="debug",
        log_format="logfmt",
        shard=1,
        total_shards=3,
    )


def test_run_wants_its_files(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The daemon does not start without the files that its configuration names; ``config check`` does not mind."""
    file.write_bytes(MINIMAL.replace(b"mail.example.org", b"mail.example.org, ca_file: /nowhere/ca.pem"))
    assert main(["config", "check", f"--config.file={file}"]) == 0
    assert main(["run", f"--config.file={file}", "--web.listen-address=127.0.0.1:0"]) == 2
    assert "paths[0].tls.ca_file: /nowhere/ca.pem cannot be read" in capsys.readouterr().err


def test_a_bad_web_config_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Faults of ``--web.config.file`` end the command as those of the configuration do."""
    web = file.with_name("web.yml")
    web.write_text("[]\n")
    assert main(["run", f"--config.file={file}", f"--web.config.file={web}"]) == 2
    assert capsys.readouterr().err == (f"{web}: expected a mapping with texts as keys, got a list\nmailpath: 1 fault\n")


def test_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo is given the faults' names and the flags that it shares with the daemon, and no configuration."""
    given: list[Any] = []

    def stand_in(faults: list[str] | None, options: RunOptions) -> int:
        given.append((faults, options))
        return 0

    monkeypatch.setattr(demo, "main", stand_in)
    assert main(["demo"]) == 0
    assert main(["demo", "--fault", "node-down", "--fault=log-stalled", "--web.listen-address=:0"]) == 0
    assert given == [(None, RunOptions()), (["node-down", "log-stalled"], RunOptions(listen_addresses=(":0",)))]


def test_probe(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A probe by hand prints its transcript, and ends with its exit code; ``--path`` and ``--probe`` choose."""
    file.write_bytes(MINIMAL + MINIMAL.partition(b"paths:\n")[2].replace(b"home", b"away"))

    def stand_in(path: PathSettings, node: str, service: str, probe: str) -> tuple[int, str]:
        return 1, f"{path.name} {node} {service}{probe}"

    monkeypatch.setattr(daemon, "probe_once", stand_in)
    assert main(["probe", "k8s-node1", "smtp", "--path=away", f"--config.file={file}"]) == 1
    assert capsys.readouterr().out == "away k8s-node1 smtp\n"
    assert main(["probe", "k8s-node1", "", "--path=away", "--probe=greeting", f"--config.file={file}"]) == 1
    assert capsys.readouterr().out == "away k8s-node1 greeting\n"
    assert main(["probe", "k8s-node1", "smtp", f"--config.file={file}"]) == 2
    assert capsys.readouterr().err == "--path: expected one of home, away\nmailpath: 1 fault\n"


@pytest.mark.parametrize(
    ("findings", "bugs", "code"), [((), (), 0), ((CRITICAL,), (), 2), ((), ("home/check: ValueError()",), 3)]
)
def test_check(  # noqa: PLR0913, PLR0917 - a table of three columns, and three fixtures
    findings: tuple[Finding, ...],
    bugs: tuple[str, ...],
    code: int,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The report goes to stdout, a fault of our own to stderr, and the exit code is that of monitoring plugins."""
    asked: list[str | None] = []

    def check_once(paths: Sequence[PathSettings], listeners: str | None) -> daemon.Checked:
        assert [path.name for path in paths] == ["home"]
        asked.append(listeners)
        return daemon.Checked((replace(path_status(), findings=findings),), bugs)

    monkeypatch.setattr(daemon, "check_once", check_once)
    assert main(["check", f"--config.file={file}"]) == code
    out, err = capsys.readouterr()
    assert out.startswith("CRITICAL: home: " if findings else "OK: home: ")
    assert err == "".join(f"mailpath: a fault in mailpath itself: {bug}\n" for bug in bugs)
    assert main(["check", f"--config.file={file}", "--path=home", "--output=json", "--listeners=exec"]) == code
    assert json.loads(capsys.readouterr().out)["paths"][0]["name"] == "home"
    assert asked == [None, "exec"]


def test_check_of_a_faulty_configuration(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is 3, for 2 would say that the path is down; the first fault is all that a plugin's caller may show."""
    file.write_bytes(FAULTY)
    assert main(["check", f"--config.file={file}"]) == 3
    out, err = capsys.readouterr()
    assert out == f"UNKNOWN: {err.splitlines()[0]}\n"
    assert main(["check", f"--config.file={file}", "--output=json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out) == {"paths": [], "exit_status": 3, "faults": err.splitlines()[:-1]}
    file.write_bytes(MINIMAL)
    assert main(["check", f"--config.file={file}", "--path=elsewhere"]) == 3
    assert "--path: expected one of home" in capsys.readouterr().err


def test_a_check_that_cannot_be_told_is_unknown(file: Path) -> None:
    """Neither Python's own code for a traceback, which would be a warning, nor its code for lost output."""
    file.write_bytes(MINIMAL.replace(b"10.0.20.101", b"127.0.0.1"))
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "monitor", "check", f"--config.file={file}"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert ended.returncode == 3
    assert b"No space left on device" in ended.stderr


def test_ctrl_c_is_no_traceback(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever does not want to wait any longer is told nothing, and the shell knows."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(daemon, "check_once", interrupted)
    assert main(["check", f"--config.file={file}"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_has_enough_is_no_traceback() -> None:
    """``mailpath config schema | head -0``."""
    command = [sys.executable, "-m", "monitor", "config", "schema"]
    reading, writing = os.pipe()
    os.close(reading)
    said = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (said.returncode, said.stderr) == (141, b"")


def test_roundtrip(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A roundtrip prints how it went and ends with its exit code; without its block it says what it needs."""
    assert main(["roundtrip", f"--config.file={file}"]) == 2
    assert "paths.home.roundtrip: missing; `mailpath roundtrip` needs" in capsys.readouterr().err

    def stand_in(path: PathSettings, via: Via) -> tuple[int, str]:
        return 1, f"{path.name} {via}"

    monkeypatch.setattr(daemon, "roundtrip_once", stand_in)
    assert main(["roundtrip", f"--config.file={file}"]) == 1
    assert main(["roundtrip", f"--config.file={file}", "--via=front_door", "--path", "home"]) == 1
    assert capsys.readouterr().out == "home brevo\nhome front_door\n"


def test_maintenance(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It needs no configuration: the flag or the variable says where the daemon is."""

    def stand_in(url: str, path: str | None, seconds: float, reason: str) -> tuple[int, str]:
        return int(path == "x"), f"{url} {path} {seconds:g} {reason}"

    monkeypatch.setattr(daemon, "announce", stand_in)
    assert main(["maintenance", "2h", "--reason", "new nodes"]) == 0
    monkeypatch.setenv("MAILPATH_DAEMON", "http://mailpath:9641")
    assert main(["maintenance", "end", "--path=home"]) == 0
    assert main(["maintenance", "30m", "--daemon=http://here:1", "--path=x"]) == 1
    out, err = capsys.readouterr()
    assert out == "http://127.0.0.1:9641 None 7200 new nodes\nhttp://mailpath:9641 home 0 \n"
    assert err == "http://here:1 x 1800 \n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["maintenance"],
        ["maintenance", "2d"],
        ["maintenance", "soon"],
        ["roundtrip", "--via=pigeon"],
        ["walk"],
        ["config"],
        ["config", "cheque"],
        ["run", "--config", "mailpath.yml"],
        ["run", "--web.enable"],
        ["run", "--log.level=loud"],
        ["run", "--log.format=xml"],
        ["run", "--shard=-1"],
        ["run", "--shard=x"],
        ["run", "--total-shards=0"],
        ["demo", "--config.file=mailpath.yml"],
        ["probe", "k8s-node1"],
        ["rbac", "--namespace", "Not A Name"],
    ],
)
def test_bad_command_lines(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is no command line of ours ends with 2 and usage on stderr; flags are never abbreviated."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: mailpath")


@pytest.mark.parametrize("flag", ["--bogus", "--output=xml", "--path", "--listeners=guess"])
def test_a_bad_command_line_of_a_plugin(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """To ``check`` 2 means that the path is down: a mistyped flag is 3, and what a plugin's caller shows says so."""
    with pytest.raises(SystemExit) as caught:
        main(["check", flag])
    assert caught.value.code == 3
    out, err = capsys.readouterr()
    assert out == "UNKNOWN: bad command line\n"
    assert err.startswith("usage: mailpath")


def test_a_shard_is_one_of_all(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shards count from 0, so the last one is one less than there are."""
    assert main(["run", f"--config.file={file}", "--shard=2", "--total-shards=2"]) == 2
    assert capsys.readouterr().err == "--shard: expected less than --total-shards, 2, got 2\nmailpath: 1 fault\n"


@pytest.mark.parametrize(
    ("pod", "flags", "shard"),
    [
        ("mailpath-2", "--total-shards=3", 2),
        ("mailpath-2", "--total-shards=3 --shard=0", 0),
        ("mailpath-2", "", 0),
        ("my-laptop", "", 0),
    ],
)
def test_the_shard_of_a_statefulsets_pod(  # noqa: PLR0913 - a table of three columns, and three fixtures
    file: Path,
    run: Callable[..., tuple[Settings, RunOptions]],
    monkeypatch: pytest.MonkeyPatch,
    *,
    pod: str,
    flags: str,
    shard: int,
) -> None:
    """With several shards and none named, a pod's own number is its shard."""
    monkeypatch.setenv("POD_NAME", pod)
    _, options = run(f"--config.file={file}", *flags.split())
    assert options.shard == shard


@pytest.mark.parametrize(
    ("pod", "fault"),
    [
        ("my-laptop", "missing, and my-laptop is not the name of a StatefulSet's pod"),
        ("mailpath-3", "expected less than --total-shards, 3, got 3"),
    ],
)
def test_a_pod_that_tells_no_shard(
    pod: str, fault: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a number, or with one too many, nobody guesses: a shard that two share leaves another to none."""
    monkeypatch.delenv("POD_NAME", raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: pod)
    assert main(["run", f"--config.file={file}", "--total-shards=3"]) == 2
    assert capsys.readouterr().err == f"--shard: {fault}\nmailpath: 1 fault\n"


def test_rbac(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Role is printed for all paths or one, for the account and namespace named."""
    file.write_bytes(MINIMAL + b"    kubernetes: {}\n" + MINIMAL.partition(b"paths:\n")[2].replace(b"home", b"away"))
    assert main(["rbac", f"--config.file={file}", "--namespace=monitoring", "--service-account=watcher"]) == 0
    everything = capsys.readouterr().out
    assert "kind: RoleBinding" in everything
    assert "{kind: ServiceAccount, name: watcher, namespace: monitoring}" in everything
    assert main(["rbac", f"--config.file={file}", "--path=away"]) == 0
    assert "Role" not in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` is the package's."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"mailpath {__version__}\n"


def test_version_of_an_image_names_the_revision() -> None:
    """The image knows the commit that it was built from."""
    environment = {**os.environ, "MAILPATH_REVISION": "0123abc"}
    command = [sys.executable, "-m", "monitor", "--version"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == f"mailpath {__version__} (0123abc)\n"


def test_config_check_stays_light(file: Path) -> None:
    """As a module and a process of its own it works too, and imports nothing of the daemon."""
    program = (
        "import sys; from monitor.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'asyncio', 'aiohttp', 'asyncssh', 'kubernetes_asyncio', 'prometheus_client', 'structlog'}; "
        "sys.exit(code or ' '.join(sorted(heavy & sys.modules.keys())) or 0)"
    )
    command = [sys.executable, "-c", program, "config", "check", f"--config.file={file}"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    command = [sys.executable, "-m", "monitor", "config", "check", f"--config.file={file}"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
