"""The mail log, from its lines to metrics: beside mtail, postfix_exporter, and a scanner in C."""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import logs, peers
from bench.measure import Bound, Figure, Spent, alternate, process_cpu, program, subject

LINES = {"realistic": 150_000, "no hits": 60_000, "all hits": 60_000, "64 KiB lines": 300}
POSTFIX_EXPORTER_PORT = 31154
US = 1e6


def figures(directory: Path, programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure every mix; the peers read the realistic one."""
    for mix, lines in LINES.items():
        file = directory / "mail.log"
        logs.write_log(file, mix, lines)
        yield _figure(mix, lines, file, programs["lines"], rounds)


def _figure(mix: str, lines: int, file: Path, limit: Path, rounds: int) -> Figure:
    def ours() -> float:
        told = subject("maillog", file=str(file))
        if told["done"] != lines:
            raise RuntimeError(f"of {lines} lines {told['done']} were read")
        return US * float(told["cpu"]) / lines

    contenders = {
        "mailpath": ours,
        "mtail": lambda: US * _mtail(file) / lines,
        "postfix_exporter": lambda: US * _postfix_exporter(file, lines) / lines,
        "C scanner": lambda: US * float(program(limit, file)["cpu"]) / lines,
    }
    bounds: tuple[Bound, ...] = ()
    if mix == "realistic":
        bounds = (
            Bound("mtail", "mailpath", 5, 8, at_least=True),
            Bound("postfix_exporter", "mailpath", 4, 8, at_least=True),
        )
    else:
        del contenders["postfix_exporter"]
    return Figure(f"Mail log to metrics, {mix}", "µs CPU per line", alternate(contenders, rounds), bounds)


def _mtail(file: Path) -> float:
    """Let mtail read the file to its end and stop; less what it takes for an empty one."""
    return _mtail_once(file) - _mtail_once(Path("/dev/null"))


def _mtail_once(file: Path) -> float:
    own = Path(__file__).parents[1] / "mailpath.mtail"
    command = ["mtail", "--one_shot", f"--progs={own}", f"--logs={file}", "--logtostderr", "--port=31903"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _cpu_of(process)


def _cpu_of(process: subprocess.Popen[bytes]) -> float:
    import os  # noqa: PLC0415 - wait4 alone

    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    return used.ru_utime + used.ru_stime


def _postfix_exporter(file: Path, lines: int) -> float:
    """Let postfix_exporter follow a file to which the log is added, until it does nothing any more."""
    followed = file.with_suffix(".followed")
    followed.write_bytes(b"")
    command = [
        "prometheus-postfix-exporter",
        f"--postfix.logfile_path={followed}",
        f"--web.listen-address=127.0.0.1:{POSTFIX_EXPORTER_PORT}",
    ]
    with ExitStack() as stack:
        pid = stack.enter_context(peers.running(command, [POSTFIX_EXPORTER_PORT], file.with_suffix(".exporter")))
        time.sleep(0.5)
        with Spent(pid) as spent:
            with followed.open("ab") as out:
                out.write(file.read_bytes())
            before, idle, deadline = process_cpu(pid), 0, time.monotonic() + 60
            while idle < 5 and time.monotonic() < deadline:
                time.sleep(0.2)
                now = process_cpu(pid)
                idle, before = (idle + 1 if now - before < 0.005 else 0), now
        url = f"http://127.0.0.1:{POSTFIX_EXPORTER_PORT}/metrics"
        if b"postfix_" not in urllib.request.urlopen(url, timeout=5).read():
            raise RuntimeError(f"postfix_exporter has read none of {lines} lines")
    return spent.cpu
