"""Real Prometheus and Alertmanager on loopback, and somebody who is told."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import yaml

from tests.patience import stretched

ALERTS = Path(__file__).parents[2] / "alerts"
ALERTMANAGER = ALERTS / "alertmanager"

Json = Any


class Message(NamedTuple):
    """What Alertmanager told: through which receiver, ``firing`` or ``resolved``, and the alerts as it sends them.

    ``at`` is when it came, by ``time.monotonic()``.
    """

    receiver: str
    status: str
    labels: dict[str, str]
    alerts: list[Json]
    at: float


class Receiver:
    """Collects what Alertmanager's webhooks send."""

    def __init__(self, port: int) -> None:
        """Begin with nothing; ``port`` is where it listens."""
        self.port = port
        self.messages: list[Message] = []

    def take(self, body: bytes) -> None:
        """Note one message."""
        content = json.loads(body)
        labels, alerts = content["groupLabels"], content["alerts"]
        self.messages.append(Message(content["receiver"], content["status"], labels, alerts, time.monotonic()))


def free_port() -> int:
    """Give a port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def get(url: str) -> Json:
    """Ask for a JSON document."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http
        return json.loads(answer.read())


def post(url: str, content: Json) -> None:
    """Hand in a JSON document."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(content).encode(), headers)  # noqa: S310 - our own http
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - our own http


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen for webhooks on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken = Receiver(server.server_address[1])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join()


def shipped_routes(port: int) -> Json:
    """Give the shipped configuration, in a hurry, and with every receiver but nobody's a webhook to this port."""
    content = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())
    content["route"]["routes"][0] |= {"group_wait": "500ms", "group_interval": "1s"}
    hook = {"url": f"http://127.0.0.1:{port}/", "send_resolved": True}
    names = [each["name"] for each in content["receivers"]]
    content["receivers"] = [
        {"name": name} | ({"webhook_configs": [hook]} if name != "nobody" else {}) for name in names
    ]
    return content


@contextlib.contextmanager
def alertmanager(directory: Path, content: Json) -> Iterator[str]:
    """Run Alertmanager; gives its base address."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(ALERTMANAGER / "mailpath.tmpl", directory)
    (directory / "alertmanager.yml").write_text(yaml.safe_dump(content))
    base = f"127.0.0.1:{free_port()}"
    command = ["prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=data"]
    with _running(directory, [*command, f"--web.listen-address={base}", "--cluster.listen-address="], base):
        yield f"http://{base}"


@contextlib.contextmanager
def prometheus(directory: Path, content: Json, *flags: str) -> Iterator[str]:
    """Run Prometheus; gives its base address."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "prometheus.yml").write_text(yaml.safe_dump(content))
    base = f"127.0.0.1:{free_port()}"
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", *flags]
    with _running(directory, [*command, f"--web.listen-address={base}"], base):
        yield f"http://{base}"


@contextlib.contextmanager
def _running(directory: Path, command: list[str], base: str) -> Iterator[None]:
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + stretched(60)
        while not _ready(base):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text())
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(base: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{base}/-/ready", timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
