"""Start and end: the event loop, signals, the web server around the daemon; and one probe by hand."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

import structlog

from monitor import __version__
from monitor.config.options import RunOptions
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.errors import ConfigError, Fault
from monitor.core.observations import Observation, Span
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.daemon.check import once
from monitor.daemon.compose import TargetProbe, plan_of, target_watches
from monitor.daemon.service import Daemon, Load
from monitor.daemon.tls import tls_client
from monitor.engine.tasks import Tasks
from monitor.links.clock import wall_clock
from monitor.links.connector import Connector
from monitor.publish.app import make_app
from monitor.publish.listen import parse_listen_address, serving
from monitor.publish.logs import configure
from monitor.publish.tls import server_context
from monitor.publish.transcript import transcript_text
from monitor.publish.web_config import WebSettings
from monitor.verdict.path_book import PathBook


async def serve(load: Load, options: RunOptions, *, ready: Callable[[str], None] | None = None) -> int:
    """Run the daemon until SIGINT, SIGTERM or cancellation; ``ready`` hears the address it listens on.

    Raises:
        ConfigError: The configuration, or a flag, is faulty at start.
    """
    configure(options.log_level, options.log_format)
    web = options.web_settings or WebSettings()
    addresses = [parse_listen_address(text) for text in options.listen_addresses]
    daemon = Daemon(load, options)
    log = structlog.get_logger()
    ended = asyncio.Event()
    tasks = Tasks(daemon.bug)
    app = make_app(daemon, daemon.metrics, web, lifecycle=options.enable_lifecycle, external_url=options.external_url)
    tls = server_context(web.tls) if web.tls is not None else None
    with _signals(ended.set, lambda: tasks.spawn("reload", _reload_by_signal(daemon))):
        try:
            await daemon.start()
            async with serving(app, addresses, tls) as bound:
                for address in bound:
                    url = address.url("http" if tls is None else "https")
                    reached = {} if options.external_url is None else {"external_url": str(options.external_url)}
                    log.info("daemon.listening", address=str(address), url=url, version=__version__, **reached)
                if ready is not None:
                    ready(str(bound[0]))
                await ended.wait()
                await daemon.stop()
        finally:
            await tasks.cancel()
    return 0


def run(load: Load, options: RunOptions) -> int:
    """Run the daemon on an event loop of its own, uvloop's where it is installed.

    Raises:
        ConfigError: The configuration, or a flag, is faulty at start.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(serve(load, options))


def probe_once(path: PathSettings, node: str, service: str) -> tuple[int, str]:
    """Do one handshake (or front door, where ``node`` is an edge): exit code 0 or 1, and the whole transcript.

    The server is asked which client it sees, where its replies tell: a lost client IP is no success.

    Raises:
        ConfigError: There is no such target, or the trusted roots cannot be read.
    """
    observation, status = asyncio.run(_probe_once(once(path), node, service))
    good = observation.ok and status.verdict is not Verdict.CLIENT_IP_LOST
    return (0 if good else 1), transcript_text(observation, status)


async def _probe_once(path: PathSettings, node: str, service: str) -> tuple[Observation, TargetStatus]:
    connector = Connector()
    try:
        watches = target_watches(path, connector, tls_client(path))
        probes = [watch.probe for watch in watches]
        probe = _find(probes, node, service)
        if probe is None:
            known = sorted({each.target.node for each in probes if each.target.probe is not kinds.CHECK})
            services = ", ".join(each.name for each in path.services)
            raise ConfigError(
                Fault(
                    f"{node} {service}", f"path {path.name} has nodes and edges {', '.join(known)}; services {services}"
                )
            )
        loop = asyncio.get_running_loop()
        started, book = loop.time(), PathBook(plan_of(path, watches))
        result = await probe.run(book.ask(probe.target, started))
        observation = probe.judge(result, Span(started, loop.time(), wall_clock()))
        book.record(observation)
        concluded = book.status(loop.time(), wall_clock())
        return observation, next(each for each in concluded.dialogues if each.target == probe.target)
    finally:
        connector.close()


def _find(probes: list[TargetProbe], node: str, service: str) -> TargetProbe | None:
    for probe in probes:
        target = probe.target
        if (target.node, target.service) == (node, service) and target.probe is not kinds.CHECK:
            return probe
    return None


async def _reload_by_signal(daemon: Daemon) -> None:
    with contextlib.suppress(ConfigError):  # told by the log and by a metric
        await daemon.reload()


@contextlib.contextmanager
def _signals(end: Callable[[], object], reload: Callable[[], object]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Give what makes the daemon's event loop: uvloop's where it is installed, else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - optional; the design does not depend on it
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
