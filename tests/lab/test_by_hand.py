"""``make lab``: the laboratory as a person brings it up, with nothing but what it prints."""

import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

COMMANDS = ("check it", "mail log", "break it", "mend it")


def typed(command: str) -> str:
    """Type a command as it was printed, and give the first line of what it says."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.partition("\n")[0]


def test_what_it_prints_can_be_typed_and_ctrl_c_leaves_nothing() -> None:
    """A green check; Postfix stopped as it says is named, and started again it is green; then Ctrl-C."""
    command = [sys.executable, "-m", "tests.lab"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab, ExitStack() as ending:
        ending.callback(lab.kill)
        assert lab.stdout
        rows: dict[str, str] = {}
        while "end it" not in rows:
            line = lab.stdout.readline()
            assert line, rows
            rows[line[2:16].strip()] = line[16:].strip()
        check, log, stop, start = (rows[what] for what in COMMANDS)
        directory = Path(shlex.split(check)[-1].removeprefix("--config.file=")).parent
        assert typed(check) == "OK: home: Every hop is healthy."
        typed(stop)
        assert typed(check).startswith("CRITICAL: home: mail_server: The mail server does not serve smtp, smtps, subm")
        typed(start)
        assert typed(check).startswith("OK: ")
        assert Path(log).stat().st_size
        assert directory.is_dir()
        lab.send_signal(signal.SIGINT)
        assert lab.wait(20) == 0
    assert not directory.exists()
    assert not Path(log).exists()
