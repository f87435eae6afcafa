"""The laboratory by hand: ``make lab`` starts it, says how to look at it with mailpath, and ends with Ctrl-C."""

import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.lab.haproxy import Settings
from tests.lab.host import LabError
from tests.lab.lab import Lab

MAILPATH = Path(sys.executable).with_name("mailpath")


def guide(lab: Lab, file: Path) -> str:
    """Say what there is to type: mailpath on the client's host, faults on those of the mail server and the edge."""
    client = shlex.join([*lab.command_prefix(), str(MAILPATH)])
    rows = [
        ("check it", f"{client} check --config.file={file}"),
        ("one handshake", f"{client} probe --config.file={file} k8s-node2 submission"),
        ("the daemon", f"{client} run --config.file={file}"),
        ("ask it", shlex.join([*lab.command_prefix(), "curl", "-s", "http://127.0.0.1:9641/healthz"])),
        ("mail log", str(lab.maillog.path)),
        ("break it", shlex.join([*lab.pod.prefix, "postfix", "stop"])),
        ("mend it", shlex.join([*lab.pod.prefix, "postfix", "start"])),
        ("the edge", shlex.join([*lab.edge.prefix, "bash"])),
        ("end it", "Ctrl-C"),
    ]
    return "\n" + "".join(f"  {what:14}{how}\n" for what, how in rows) + "\n"


def main() -> int:
    """Run a laboratory whose HAProxy is as mailpath wants it, until Ctrl-C or SIGTERM; 1 where it cannot be run."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts its background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        with Lab(settings=Settings(legacy_pool=False, check_interval=500)) as lab, suppress(KeyboardInterrupt):
            file = lab.directory / "mailpath.yml"
            file.write_text(lab.configuration())
            sys.stdout.write(guide(lab, file))
            sys.stdout.flush()
            signal.pause()
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
