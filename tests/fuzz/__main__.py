"""Fuzz every target, one after the other, and tell in a table what came of it.

``FUZZ_SECONDS`` is the time for all of them (600), ``FUZZ_REPORT`` names a file for the table. What has made a target
fail is left in ``FUZZ_CRASHES`` (``fuzz-crashes``), to be tried again by ``python -m tests.fuzz.one TARGET FILE``.
"""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.targets import DATA, TARGETS, Fuzzed

# libFuzzer's own limits: bytes of an input, seconds for one, MiB of the process.
LIMITS = ("-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1")
HEAD = "| target | seconds | executions | points covered | crashes |\n| --- | --- | --- | --- | --- |\n"
_EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


def main() -> int:
    """Fuzz all; 1 where a target has failed."""
    seconds = int(os.environ.get("FUZZ_SECONDS", "600")) // len(TARGETS)
    rows, failed = [], False
    for name, target in TARGETS.items():
        row, ended_well = _fuzz(name, target, seconds)
        failed = failed or not ended_well
        rows.append(row)
        sys.stdout.write(row)
        sys.stdout.flush()
    text = HEAD + "".join(rows)
    sys.stdout.write(text)
    with suppress(KeyError):
        Path(os.environ["FUZZ_REPORT"]).write_text(text)
    return 1 if failed else 0


def _fuzz(name: str, target: Fuzzed, seconds: int) -> tuple[str, bool]:
    crashes = Path(os.environ.get("FUZZ_CRASHES", "fuzz-crashes")) / name
    crashes.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="mailpath-fuzz-") as made:
        corpus, words = Path(made) / "corpus", Path(made) / "words"
        corpus.mkdir()
        for number, seed in enumerate(sorted(DATA.glob(target.seeds)) if target.seeds else ()):
            (corpus / str(number)).write_bytes(seed.read_bytes())
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, b"\n")))
        flags = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={crashes}/", *LIMITS]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.one", name, *flags, str(corpus)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if ended.returncode:
        sys.stderr.write(ended.stdout[-2000:] + ended.stderr[-6000:])
    executions = [0, *map(int, _EXECUTIONS.findall(ended.stderr))][-1]
    covered = ["-", *_COVERED.findall(ended.stderr)][-1]
    found = len(list(crashes.iterdir()))
    row = f"| {name} | {seconds} | {executions:,} | {covered} | {found} |\n"
    return row, ended.returncode == 0 and not found


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
