"""``POST /api/v1/maintenance``: somebody announces work on a path, for how long and why; or that it has ended.

A JSON object: ``duration_seconds`` from now (0: it has ended), ``reason``, and ``path`` where several are watched.
"""

from collections.abc import Sequence

from aiohttp import web

from monitor.core.maintenance import LONGEST, Maintenance
from monitor.core.status import PathStatus
from monitor.publish.backend import Backend
from monitor.publish.posted import ReportError, line_of, object_of, path_of, seconds_of, text_of

LONGEST_REASON = 200


class MaintenanceEndpoint:
    """Answers ``POST /api/v1/maintenance``."""

    def __init__(self, backend: Backend) -> None:
        """Hand what is announced to the backend."""
        self._backend = backend

    async def answer(self, request: web.Request) -> web.Response:
        """Take an announcement in: 200 with its end; what is of no use: 400, with a sentence."""
        body = await request.read()
        try:
            announced = read_announcement(body, self._backend.statuses())
        except ReportError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from error
        self._backend.maintenance(announced)
        return web.json_response({"path": announced.path, "until": announced.until, "reason": announced.reason})


def read_announcement(body: bytes, statuses: Sequence[PathStatus]) -> Maintenance:
    """Read an announcement about one of the paths; it begins when it comes.

    Raises:
        ReportError: it is of no use; one sentence.
    """
    given = object_of(text_of(body, "a JSON object"))
    status = path_of(given.get("path"), statuses)
    length = seconds_of("duration_seconds", given.get("duration_seconds"), LONGEST)
    return Maintenance(
        path=status.name,
        began=status.at,
        until=status.at + length,
        reason=line_of("reason", given.get("reason"), LONGEST_REASON).strip(),
    )
