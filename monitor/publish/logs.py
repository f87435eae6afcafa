"""Log output: JSON lines for machines, columns for a terminal, logfmt for those who like it.

Every line is one event: whatever a peer said is escaped, so that it can neither begin a line of its own nor speak to a
terminal.
"""

import logging
import os
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor

from monitor.publish.transcript import printable

FORMATS = ("json", "console", "logfmt")
# What these say below a warning is about themselves; kubernetes_asyncio's debug lines hold whole answers, secrets too.
_QUIET = ("aiohttp", "asyncio", "asyncssh", "kubernetes_asyncio")


def configure(level: str, log_format: str | None = None, stream: TextIO | None = None) -> None:
    """Send every logger of the process, the libraries' included, through one formatter to stderr.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: One of ``FORMATS``; by default console on a terminal, JSON elsewhere.
        stream: Instead of stderr.
    """
    out = sys.stderr if stream is None else stream
    chosen = log_format or ("console" if out.isatty() else "json")
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=()), *before],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _escaped,
            _renderer(chosen, colors=out.isatty() and not os.environ.get("NO_COLOR")),
        ],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _renderer(log_format: str, *, colors: bool) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    if log_format == "logfmt":
        return structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True)
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _escaped(_logger: object, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            # A traceback is the one text of several lines; indented, none of them can pass for an event.
            escape = _indented if key == "exception" else printable
            event[key] = escape(str(value))
    return event


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.splitlines())
