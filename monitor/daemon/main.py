"""Start and end: the event loop, signals, the web server around the daemon."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

import structlog

from monitor import __version__
from monitor.config.options import RunOptions
from monitor.core.errors import ConfigError
from monitor.daemon.service import Daemon, Load
from monitor.engine.tasks import Tasks
from monitor.publish.app import make_app
from monitor.publish.listen import parse_listen_address, serving
from monitor.publish.logs import configure
from monitor.publish.tls import server_context
from monitor.publish.web_config import WebSettings


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
