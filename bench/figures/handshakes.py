"""Handshakes: PROXY v2 and SMTP in plain text, and inside TLS, always full and with a session kept."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import peers
from bench.measure import Bound, Figure, Spent, alternate, program, subject
from monitor.links.tls_sessions import FULL_EVERY

COUNT, TLS_COUNT = 4000, 800
US = 1e6


def figures(directory: Path, programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure both."""
    with ExitStack() as stack:
        for mode, port in (("smtp", peers.PLAIN_PORT), ("proxied", peers.PROXIED_PORT)):
            command = [programs["target"], mode, port]
            stack.enter_context(peers.running(command, [port], directory / f"{mode}.log"))
        peers.make_certificate(directory)
        pem, backend = directory / "server.pem", f"  server mail 127.0.0.1:{peers.PLAIN_PORT}\n"
        each = ",".join(f"127.0.0.{number + 1}:{peers.TLS_PROXIED_PORT}" for number in range(peers.CONNECTIONS))
        doors = (
            f"listen plain\n  bind 127.0.0.1:{peers.TLS_PORT} ssl crt {pem}\n{backend}"
            f"listen proxied\n  bind {each} accept-proxy ssl crt {pem}\n{backend}"
        )
        ports = [peers.TLS_PORT, peers.TLS_PROXIED_PORT]
        stack.enter_context(peers.haproxy(directory, doors, ports))
        blackbox = stack.enter_context(peers.blackbox(directory))
        yield _plain(programs["handshakes"], blackbox, rounds)
        yield _in_tls(directory / "ca.pem", blackbox, rounds)


def _plain(limit: Path, blackbox: int, rounds: int) -> Figure:
    contenders = {
        "mailpath": lambda: _ours(COUNT, tls=False, port=peers.PROXIED_PORT, in_flight=50, warm_up=1),
        "C": lambda: US * float(program(limit, COUNT, 50, peers.PROXIED_PORT)["cpu"]) / COUNT,
        "blackbox, without PROXY": lambda: _blackbox(blackbox, "smtp", peers.PLAIN_PORT, 1000),
    }
    bounds = (Bound("mailpath", "C", 1.6, 1.25), Bound("mailpath", "blackbox, without PROXY", 1 / 4, 1 / 7))
    return Figure("PROXY v2 and SMTP handshake", "µs CPU per handshake", alternate(contenders, rounds), bounds)


def _in_tls(ca_file: Path, blackbox: int, rounds: int) -> Figure:
    # As many at a time as blackbox has: one alone meets a cold machine each time. Each has an address of its own, as
    # targets have.
    asked = {
        "tls": True,
        "port": peers.TLS_PROXIED_PORT,
        "in_flight": peers.CONNECTIONS,
        "warm_up": FULL_EVERY,
        "ca_file": str(ca_file),
    }
    contenders = {
        "mailpath, full": lambda: _ours(TLS_COUNT, **asked),
        "mailpath, session kept": lambda: _resuming(**asked),
        "blackbox, without PROXY": lambda: _blackbox(blackbox, "smtps", peers.TLS_PORT, 400),
    }
    bounds = (
        Bound("mailpath, full", "blackbox, without PROXY", 1.1, 0.9),
        Bound("mailpath, session kept", "blackbox, without PROXY", 0.85, 0.65),
    )
    return Figure("The same inside TLS 1.3", "µs CPU per handshake", alternate(contenders, rounds), bounds)


def _ours(count: int, **asked: object) -> float:
    return US * float(subject("handshakes", count=count, **asked)["cpu"]) / count


def _resuming(**asked: object) -> float:
    """Measure as the daemon shakes hands with a server that it knows: the full handshakes in between are counted too.

    Raises:
        RuntimeError: It was something else that was measured.
    """
    measured = subject("handshakes", count=TLS_COUNT, sessions=True, **asked)
    if measured["resumed"] != TLS_COUNT * (FULL_EVERY - 1) // FULL_EVERY:
        raise RuntimeError(f"{measured['resumed']} of {TLS_COUNT} handshakes have resumed a session")
    return US * float(measured["cpu"]) / TLS_COUNT


def _blackbox(pid: int, module: str, port: int, count: int) -> float:
    with Spent(pid) as spent:
        peers.ask_blackbox(module, [f"127.0.0.1:{port}"], count)
    return US * spent.cpu / count
