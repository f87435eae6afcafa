"""The embedded mail path of ``mailpath demo``, in a process of its own, and three configurations to watch it by.

Intervals and thresholds are the shipped ones: only addresses, ports, keys and the certificate's authority are named.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import yaml

from bench.subjects import arguments, run, say
from monitor.demo.configuration import mailpath_yml
from monitor.demo.mail_path import MailPath, open_mail_path


async def main() -> None:
    """Serve until we are ended; say where the configurations are, and the nodes."""
    directory = Path(arguments()["directory"])
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    path = await open_mail_path(directory, _bug)
    try:
        _write(directory, path)
        say({"nodes": {node.name: node.address for node in path.layout.nodes}})
        await ended.wait()
    finally:
        await path.close()


def _write(directory: Path, path: MailPath) -> None:
    (whole,) = yaml.safe_load(mailpath_yml(path))["paths"]
    shipped = {key: whole[key] for key in ("name", "nodes", "services", "tls")}
    edge = {key: value for key, value in whole["edges"][0].items() if not key.endswith("interval")}
    edge["ssh"].pop("timeout")
    front_door = {"source_address": path.layout.monitor_address}
    with_edge = {**shipped, "edges": [edge], "front_door": front_door, "maillog": whole["maillog"]}
    for name, content in (("bare", shipped), ("edge", with_edge)):
        _file(directory, name, content)
    with_cluster = {**with_edge, "kubernetes": {"kubeconfig": arguments()["kubeconfig"]}}
    with_cluster["nodes"] = {**shipped["nodes"], "kubernetes": {}}
    _file(directory, "kubernetes", with_cluster)


def _file(directory: Path, name: str, content: dict[str, Any]) -> None:
    (directory / f"{name}.yml").write_text(yaml.safe_dump({"paths": [content]}, sort_keys=False))


def _bug(name: str, error: BaseException) -> None:
    raise RuntimeError(name) from error


run(main)
