"""``mailpath demo``: the simulated path and the daemon that watches it, in one process, until Ctrl-C."""

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor import daemon
from monitor.config.load import reading
from monitor.config.options import DEFAULT_LISTEN_ADDRESS, RunOptions
from monitor.core.errors import ConfigError, Fault
from monitor.demo.configuration import mailpath_yml
from monitor.demo.faults import PlannedFault, described, plan
from monitor.demo.layout import Layout
from monitor.demo.mail_path import MailPath, open_mail_path

HOST = "127.0.0.1"
PORT = 9641


def main(faults: Sequence[str] | None, options: RunOptions) -> int:
    """Run the demo, broken as the words of ``--fault`` say (``None``: not at all); gives the exit code.

    Raises:
        ConfigError: There is no such fault, a flag is wrong, or this host cannot hold the simulated path.
    """
    words = faults or ()
    if "list" in words:
        sys.stdout.write(described())
        return 0
    try:
        return asyncio.run(_demo(plan(words), at_home(options)))
    except KeyboardInterrupt:  # before the daemon has taken over the signals, or after
        return 0


async def _demo(planned: Sequence[PlannedFault], options: RunOptions) -> int:
    with TemporaryDirectory(prefix="mailpath-demo-") as name:
        path = await _opened(Path(name))
        try:
            file = Path(name) / "mailpath.yml"
            file.write_text(mailpath_yml(path), encoding="utf-8")
            for fault, delay in planned:
                if delay:
                    asyncio.get_running_loop().call_later(delay, fault.strike, path)
                else:
                    fault.strike(path)
            load = partial(reading, file, check_files=True)
            scheme = "https" if options.web_settings is not None and options.web_settings.tls is not None else "http"
            return await daemon.serve(load, options, ready=partial(_welcome, file, path, planned, scheme))
        finally:
            await path.close()


async def _opened(directory: Path) -> MailPath:
    try:
        return await open_mail_path(directory, _tell_bug)
    except OSError as error:
        advice = ""
        if error.errno == errno.EADDRNOTAVAIL:
            layout = Layout()
            addresses = [layout.edge_address, layout.monitor_address, *(node.address for node in layout.nodes)]
            advice = (
                "; where only 127.0.0.1 is loopback, as on macOS, first do "
                f"`sudo ifconfig lo0 alias ADDRESS` for each of {', '.join(addresses)}"
            )
        raise ConfigError(Fault("demo", f"{os.strerror(error.errno or 0)}{advice}")) from error


def at_home(options: RunOptions) -> RunOptions:
    """Answer on loopback, with lifecycle on; at any free port where the default one is taken."""
    addresses = options.listen_addresses
    if addresses == (DEFAULT_LISTEN_ADDRESS,):
        addresses = (f"{HOST}:{PORT if _is_free(PORT) else 0}",)
    return replace(options, listen_addresses=addresses, enable_lifecycle=True)


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _tell_bug(name: str, error: BaseException) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": f"demo: {name}", "exception": error})


def _welcome(file: Path, path: MailPath, planned: Sequence[PlannedFault], scheme: str, address: str) -> None:
    """Print where to look, for a person at a terminal."""
    if not sys.stdout.isatty():
        return
    broken = [f"{name}{f', in {delay:g} s' if delay else ''}: {sentence}" for (name, sentence, _), delay in planned]
    rows = [
        ("status page", f"{scheme}://{address}/"),
        ("metrics", f"{scheme}://{address}/metrics"),
        ("health", f"{scheme}://{address}/healthz"),
        ("mail log", str(path.log.path)),
        ("configuration", str(file)),
        *(("broken", line) for line in broken),
        ("break it", "start it with --fault node-down, or node-down@30s for later (--fault list names the faults)"),
        ("end it", "Ctrl-C"),
    ]
    sys.stdout.write("\n" + "".join(f"  {what:14}{where}\n" for what, where in rows) + "\n")
    sys.stdout.flush()
