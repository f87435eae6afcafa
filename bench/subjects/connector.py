"""The engine of connects alone, so many in flight, against targets of one kind."""

import asyncio
import socket
import time
from contextlib import ExitStack

from bench.subjects import arguments, run, tell
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.links.tcp import SocketAddress, literal


def deaf(stack: ExitStack) -> tuple[str, int]:
    """Give an address that answers nothing: a listener whose backlog is full drops every further SYN."""
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(3):
        filler = stack.enter_context(socket.socket())
        filler.settimeout(0)
        filler.connect_ex(listening.getsockname())
    address, port = listening.getsockname()
    return address, port


async def by_literal(connector: Connector, to: SocketAddress, count: int, in_flight: int, within: float) -> None:
    """Ask so many times by the callbacks that checks use."""
    terms = Terms(within, silent=False)
    ended, begun, done = asyncio.get_running_loop().create_future(), 0, 0

    def begin() -> None:
        nonlocal begun
        begun += 1
        connector.start(to, terms, on_end)

    def on_end(_result: ConnectResult) -> None:
        nonlocal done
        done += 1
        if begun < count:
            begin()
        elif done == count:
            ended.set_result(None)

    for _ in range(min(in_flight, count)):
        begin()
    await ended


async def by_name(connector: Connector, host: str, port: int, count: int) -> None:
    """Ask so many times by a name, which a resolver thread must look up."""
    for _ in range(count // 10):
        await asyncio.gather(*(connector.connect(host, port, Terms(3, silent=False)) for _ in range(10)))


async def main() -> None:
    """Ask; tell the CPU seconds."""
    asked = arguments()
    kind, count = asked["kind"], asked["count"]
    connector = Connector()
    with ExitStack() as stack:
        address, port = deaf(stack) if kind == "deaf" else (asked["address"], asked["port"])
        to = literal(address, port)
        cpu = time.process_time()
        if to is None:
            await by_name(connector, address, port, count)
        else:
            await by_literal(connector, to, count, asked["in_flight"], asked.get("timeout", 3))
        tell({"cpu": time.process_time() - cpu, "done": count})


run(main)
