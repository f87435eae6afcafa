"""The command line's words: every command, its flags and their defaults, and what is refused."""

import argparse

import pytest

from monitor.arguments import parser

COMMANDS = (
    "run",
    "demo",
    "probe NODE SERVICE",
    "check",
    "roundtrip",
    "rules",
    "rbac",
    "maintenance 30m",
    "config check",
    "config show",
    "config schema",
)


def parsed(line: str) -> argparse.Namespace:
    """Parse a command line."""
    return parser().parse_args(line.split())


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_known_by_its_whole_name(line: str) -> None:
    """``config check`` is another command than ``check``."""
    words = [word for word in line.split() if word.islower() and word.isalpha()]
    assert parsed(line).command == " ".join(words)


def test_the_daemon_has_the_documented_defaults() -> None:
    """Nothing that changes state over HTTP is allowed unasked."""
    run = parsed("run")
    assert (run.config_file, run.web_listen_address, run.web_enable_lifecycle) == ("mailpath.yml", None, False)
    assert (run.log_level, run.log_format, run.shard, run.total_shards) == ("info", None, None, 1)
    assert (run.state_file, run.web_config_file, run.web_external_url) == (None, None, None)


def test_flags_that_may_be_repeated_keep_their_order() -> None:
    """Listen addresses, faults, labels."""
    assert parsed("run --web.listen-address :1 --web.listen-address :2").web_listen_address == [":1", ":2"]
    assert parsed("demo --fault a --fault b@30s").fault == ["a", "b@30s"]
    assert parsed("rules --label team=mail --label a=b=c").label == [("team", "mail"), ("a", "b=c")]


@pytest.mark.parametrize(("length", "seconds"), [("30m", 1800.0), ("2h", 7200.0), ("1d", 86_400.0), ("end", 0.0)])
def test_maintenance_takes_a_duration_up_to_a_day(length: str, seconds: float) -> None:
    """Or ``end``."""
    assert parsed(f"maintenance {length}").length == seconds


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "run --conf mailpath.yml",
        "run --shard -1",
        "run --total-shards 0",
        "run --total-shards 1234567",
        "run --log.level loud",
        "maintenance 25h",
        "maintenance soon",
        "rules --label severity=none",
        "rules --label 1a=b",
        "rules --label team",
        "rbac --namespace Mail_Server",
        "probe k8s-node1",
    ],
)
def test_what_is_no_command_line_ends_with_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With a sentence on standard error; no flag may be shortened."""
    with pytest.raises(SystemExit) as caught:
        parsed(line)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_daemons_address_can_be_kept_off_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user and password may stand in the URL."""
    monkeypatch.setenv("MAILPATH_DAEMON", "http://user:secret@mailpath:9641")
    assert parsed("maintenance 1h").daemon == "http://user:secret@mailpath:9641"
    assert "secret" not in parser().format_help()
