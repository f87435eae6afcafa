"""Log output: one event a line, whatever a peer said."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from monitor.publish import logs

HOSTILE = 'a\nb\r\x1b[2J\u202e{"event":"forged"}'


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def logged(log_format: str | None, *, stream: io.StringIO | None = None, level: str = "info", **fields: object) -> str:
    """Log one event and give what was written."""
    out = io.StringIO() if stream is None else stream
    logs.configure(level, log_format, out)
    structlog.get_logger().warning("probe.failed", **fields)
    return out.getvalue()


def test_json_by_default_where_nobody_looks() -> None:
    """Name, level, UTC time and fields, in one object."""
    line = json.loads(logged(None, node="k8s-node1"))
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "probe.failed", "level": "warning", "node": "k8s-node1"}


def test_columns_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person gets colours, not JSON; whoever wants none (no-color.org) gets none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in logged(None, stream=Terminal(), node="k8s-node1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in logged(None, stream=Terminal(), node="k8s-node1")


def test_logfmt() -> None:
    """Keys and values, time first."""
    line = logged("logfmt", node="k8s-node1", detail="two words")
    assert line.startswith("timestamp=")
    assert line.endswith('level=warning event=probe.failed node=k8s-node1 detail="two words"\n')


@pytest.mark.parametrize("log_format", logs.FORMATS)
def test_a_peer_cannot_forge_a_line(log_format: str) -> None:
    """No line end, no escape sequence and no turned writing direction comes through."""
    text = logged(log_format, detail=HOSTILE)
    assert text.count("\n") == 1
    assert text[:-1].isprintable()


@pytest.mark.parametrize("log_format", logs.FORMATS)
def test_a_traceback_cannot_forge_a_line_either(log_format: str) -> None:
    """An exception's message may be a peer's words: its lines are indented or escaped."""
    out = io.StringIO()
    logs.configure("info", log_format, out)
    try:
        raise RuntimeError(HOSTILE)  # noqa: TRY301 - the traceback is what is tested
    except RuntimeError as error:
        structlog.get_logger().error("probe.bug", exc_info=error)
    first, *others = out.getvalue().rstrip("\n").split("\n")
    assert "probe.bug" in first
    assert all(line.startswith("  ") and line.isprintable() for line in others)
    assert "RuntimeError" in out.getvalue()


def test_the_level_is_kept() -> None:
    """Below the level nothing is written."""
    assert logged("json", level="error") == ""


def test_libraries_are_quiet_and_speak_the_same_language() -> None:
    """What they say below a warning is left out, even at debug; a warning is an event like any other."""
    out = io.StringIO()
    logs.configure("debug", "json", out)
    for name in ("asyncssh", "aiohttp.server", "kubernetes_asyncio.client.rest", "asyncio"):
        logging.getLogger(name).info("about myself")
    logging.getLogger("asyncssh").warning("key %s", "refused\n")
    line = json.loads(out.getvalue())
    assert (line["event"], line["level"]) == ("key refused\\n", "warning")
