"""``POST /api/v1/roundtrip``: whoever did a roundtrip hands its result in.

A result is a JSON object, or the very text that goes to a Pushgateway; keys may carry that text's ``email_roundtrip_``.
Only ``success`` is required (``true``, ``false``, 1 or 0), and ``path`` where several are watched; what is not known
here is not looked at.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from aiohttp import web

from monitor.core.roundtrip import Roundtrip, Step, Via
from monitor.core.status import PathStatus
from monitor.publish.backend import Backend
from monitor.publish.posted import ReportError, line_of, object_of, path_of, seconds_of, shown, text_of

PREFIX = "email_roundtrip_"
LONGEST_DETAIL = 500
# Nobody waits longer for a message.
LONGEST_DURATION = 86_400.0

_SAMPLE = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(?:\{[^}]*\})? +(\S+)(?: +-?\d+)?")

Word = TypeVar("Word", Via, Step)


class RoundtripEndpoint:
    """Answers ``POST /api/v1/roundtrip``."""

    def __init__(self, backend: Backend) -> None:
        """Hand results to the backend."""
        self._backend = backend

    async def answer(self, request: web.Request) -> web.Response:
        """Take a result in: 200; what is of no use: 400, with a sentence."""
        body = await request.read()
        try:
            result = read_report(body, self._backend.statuses())
        except ReportError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        self._backend.roundtrip(result)
        return web.json_response({"path": result.path, "success": result.success})


def read_report(body: bytes, statuses: Sequence[PathStatus]) -> Roundtrip:
    """Read a report on one of the paths; its time is that of its coming.

    Raises:
        ReportError: it is of no use; one sentence.
    """
    given = _fields(body)
    status = path_of(given.get("path"), statuses)
    duration = given.get("duration_seconds", given.get("duration"))
    success = _truth("success", given.get("success"))
    if success is None:
        raise ReportError("success: expected true, false, 1 or 0, got nothing")
    return Roundtrip(
        path=status.name,
        at=status.at,
        success=success,
        duration=None if duration is None else seconds_of("duration_seconds", duration, LONGEST_DURATION),
        via=_word("via", given.get("via"), Via),
        step=_word("step", given.get("step"), Step),
        detail=line_of("detail", given.get("detail"), LONGEST_DETAIL),
        client_address=_address(given.get("client_address")),
        client_ip_recovered=_truth("client_ip_recovered", given.get("client_ip_recovered")),
        via_backup=_truth("via_backup", given.get("via_backup")) or False,
    )


def _fields(body: bytes) -> Mapping[str, object]:
    text = text_of(body, "JSON or Prometheus text")
    if text.lstrip()[:1] not in {"{", "["}:
        return _samples(text)
    document = object_of(text)
    return {key.removeprefix(PREFIX): value for key, value in document.items()}


def _samples(text: str) -> Mapping[str, object]:
    found = [_SAMPLE.fullmatch(line.strip()) for line in text.splitlines() if not line.startswith("#")]
    given: dict[str, object] = {}
    for sample in found:
        if sample is not None:
            try:
                given[sample[1].removeprefix(PREFIX)] = float(sample[2])
            except ValueError:
                continue
    if not given:
        raise ReportError("expected a JSON object or Prometheus text, got neither")
    return given


def _word(key: str, value: object, words: type[Word]) -> Word | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in list(words):
        raise ReportError(f"{key}: expected one of {', '.join(words)}, got {shown(value)}")
    return words(value)


def _address(value: object) -> str:
    if value is None or value == "":
        return ""
    try:
        if not isinstance(value, str):
            raise ReportError(f"client_address: expected an IP address, got {shown(value)}")
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ReportError(f"client_address: expected an IP address, got {shown(value)}") from error


def _truth(key: str, value: object) -> bool | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or value not in {0, 1}:  # True and False are 1 and 0
        raise ReportError(f"{key}: expected true, false, 1 or 0, got {shown(value)}")
    return bool(value)
