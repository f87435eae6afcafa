"""The daemon in this process, on a path of closed loopback ports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from monitor.config.load import reading
from monitor.config.options import RunOptions
from monitor.daemon.service import Daemon

ADDRESSES = {"a": "127.0.0.1", "b": "127.0.0.2", "c": "127.0.0.3"}
TEMPLATE = """
paths:
  - name: home
    nodes: {static: [%s]}
    tls: {server_name: mail.example.org}
    checks: {interval: 200ms, timeout: 200ms, rise: 1, fall: 1}
    handshakes: {interval: 200ms, fast_interval: 200ms, timeout: 200ms, fall: 1, client_rate_limit: null}
"""


def write(file: Path, *nodes: str) -> None:
    """Write a configuration of these nodes."""
    file.write_text(TEMPLATE % ", ".join(f"{{name: {node}, address: {ADDRESSES[node]}}}" for node in nodes))


@asynccontextmanager
async def running(file: Path, **options: int) -> AsyncIterator[Daemon]:
    """Run the daemon while the context lasts."""
    daemon = Daemon(partial(reading, file, check_files=True), RunOptions(**options))  # type: ignore[arg-type]
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()
