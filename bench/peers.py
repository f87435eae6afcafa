"""The programs beside which mailpath is measured: built, configured and started on loopback, ended with the block."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SOURCES = Path(__file__).parent / "c"
# Where they all listen: outside of the range that the kernel gives to clients.
CHECK_PORTS = (31145, 31146, 31147)
PLAIN_PORT, PROXIED_PORT, TLS_PORT, TLS_PROXIED_PORT, CLOSED_PORT = 31025, 31125, 31465, 31126, 31999
BLACKBOX_PORT = 31115
# So many probes blackbox has in hand at a time.
CONNECTIONS = 8


def build(directory: Path) -> dict[str, Path]:
    """Compile every program of ``c/``; give them by name."""
    programs = {}
    for source in SOURCES.glob("*.c"):
        programs[source.stem] = directory / source.stem
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", directory / source.stem, source], check=True)
    return programs


@contextlib.contextmanager
def running(command: Sequence[object], ports: Sequence[int], log: Path) -> Iterator[int]:
    """Run a program until the block ends; gives its pid as soon as it listens on all the ports.

    Raises:
        RuntimeError: It does not; with the end of its log. Or somebody else does, whom we would measure in its place.
    """
    taken = [port for port in ports if _listens(port)]
    if taken:
        raise RuntimeError(f"somebody else listens on {', '.join(map(str, taken))}")
    with log.open("wb") as output:
        process = subprocess.Popen([*map(str, command)], stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 20
        while not all(map(_listens, ports)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]}: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def haproxy(directory: Path, content: str, ports: Sequence[int] = ()) -> Iterator[int]:
    """Run HAProxy in one thread with these sections behind the defaults."""
    defaults = (
        "global\n  nbthread 1\n  maxconn 4000\n  tune.ssl.cachesize 20000\n"
        "defaults\n  mode tcp\n  timeout connect 3s\n  timeout client 10s\n  timeout server 10s\n"
    )
    (directory / "haproxy.cfg").write_text(defaults + content)
    command = [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", directory / "haproxy.cfg"]
    with running(command, ports, directory / "haproxy.log") as pid:
        yield pid


@contextlib.contextmanager
def tls_front(directory: Path, target: Path) -> Iterator[None]:
    """Run HAProxy on every address in front of an SMTP server: PROXY v2 and TLS at ``TLS_PROXIED_PORT``."""
    make_certificate(directory)
    front = (
        f"listen proxied\n  bind :{TLS_PROXIED_PORT} accept-proxy ssl crt {directory}/server.pem\n"
        f"  server mail 127.0.0.1:{PLAIN_PORT}\n"
    )
    with (
        running([target, "smtp", PLAIN_PORT], [PLAIN_PORT], directory / "smtp.log"),
        haproxy(directory, front, [TLS_PROXIED_PORT]),
    ):
        yield


def make_certificate(directory: Path) -> None:
    """Make a certificate that is its own authority (``ca.pem``), with its key (``server.pem``), by OpenSSL's tool."""
    names = ["-subj", "/CN=mail.example.org", "-addext", "subjectAltName=DNS:mail.example.org"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", directory / "key.pem", "-out", directory / "ca.pem"]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *map(str, files)], check=True, capture_output=True)
    pem = (directory / "ca.pem").read_bytes() + (directory / "key.pem").read_bytes()
    (directory / "server.pem").write_bytes(pem)


@contextlib.contextmanager
def blackbox(directory: Path) -> Iterator[int]:
    """Run blackbox_exporter: modules ``tcp``, ``smtp`` (220, EHLO, QUIT) and ``smtps`` (the same inside TLS)."""
    dialogue = '[{expect: "^220"}, {send: "EHLO mailpath.invalid\\r"}, {expect: "^250 "}, {send: "QUIT\\r"}]'
    tls = f"tls: true, tls_config: {{ca_file: {directory}/ca.pem, server_name: mail.example.org}}"
    modules = {"tcp": "", "smtp": f"query_response: {dialogue}", "smtps": f"{tls}, query_response: {dialogue}"}
    lines = (
        f"  {name}: {{prober: tcp, timeout: 3s, tcp: {{preferred_ip_protocol: ip4, {options}}}}}\n"
        for name, options in modules.items()
    )
    (directory / "blackbox.yml").write_text("modules:\n" + "".join(lines))
    command = [
        "prometheus-blackbox-exporter",
        f"--config.file={directory}/blackbox.yml",
        f"--web.listen-address=127.0.0.1:{BLACKBOX_PORT}",
        "--log.level=error",
    ]
    with running(command, [BLACKBOX_PORT], directory / "blackbox.log") as pid:
        yield pid


def ask_blackbox(module: str, targets: Sequence[str], count: int) -> None:
    """Have blackbox probe so many times, over as many kept connections as Prometheus would have.

    Raises:
        RuntimeError: A probe failed.
    """
    asking = [http.client.HTTPConnection("127.0.0.1", BLACKBOX_PORT) for _ in range(CONNECTIONS)]
    for begun in range(0, count, CONNECTIONS):
        for offset, connection in enumerate(asking):
            target = targets[(begun + offset) % len(targets)]
            connection.request("GET", f"/probe?module={module}&target={target}")
        for connection in asking:
            if b"\nprobe_success 1" not in connection.getresponse().read():
                raise RuntimeError(f"blackbox's {module} failed")
    for connection in asking:
        connection.close()


def allow_descriptors() -> None:
    """Take as many descriptors as the system gives: a thousand targets are all in flight at a time."""
    import resource  # noqa: PLC0415 - of no use elsewhere

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def environment() -> Mapping[str, str]:
    """Give the environment of a daemon as it is shipped: with its bytecode compiled once and kept."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
