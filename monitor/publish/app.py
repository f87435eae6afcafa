"""The web server's endpoints (aiohttp)."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from monitor.core.errors import ConfigError
from monitor.publish import api, healthz, openapi, page, static_files
from monitor.publish.backend import Backend
from monitor.publish.basic_auth import basic_auth
from monitor.publish.external_url import ExternalUrl
from monitor.publish.maintenance_endpoint import MaintenanceEndpoint
from monitor.publish.metrics import Metrics
from monitor.publish.probe_endpoint import ProbeEndpoint, find_dialogue
from monitor.publish.roundtrip_endpoint import RoundtripEndpoint
from monitor.publish.stream import EventsEndpoint
from monitor.publish.turns import in_turns
from monitor.publish.web_config import WebSettings

# Nothing that is served here has a body worth more than this as a request.
_REQUEST_LIMIT = 64 * 1024
_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Server": "mailpath",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def make_app(
    backend: Backend,
    metrics: Metrics,
    web_settings: WebSettings,
    *,
    lifecycle: bool = False,
    external_url: ExternalUrl | None = None,
) -> web.Application:
    """Make the application.

    Args:
        backend: The daemon.
        metrics: What ``/metrics`` shows.
        web_settings: Users and headers; its TLS is the listener's business.
        lifecycle: Whether ``/-/reload`` and ``/probe`` may act (``--web.enable-lifecycle``).
        external_url: Where people reach all this; what is served is served under its path as well.
    """
    middlewares = [_readable, *([basic_auth(web_settings.users)] if web_settings.users else [])]
    app = web.Application(middlewares=middlewares, client_max_size=_REQUEST_LIMIT)
    app.on_response_prepare.append(partial(_harden, {**_SECURITY_HEADERS, **web_settings.headers}))
    endpoints = _Endpoints(backend, metrics, external_url)
    acts = _acting(allowed=lifecycle)
    events = EventsEndpoint(backend)
    app.on_shutdown.append(events.close)
    routes = [
        web.get("/", endpoints.page),
        web.get("/target", endpoints.target),
        web.get("/metrics", endpoints.metrics),
        web.get("/healthz", endpoints.healthz),
        web.get("/livez", endpoints.alive),
        web.get("/-/healthy", endpoints.alive),
        web.get("/readyz", endpoints.ready),
        web.get("/-/ready", endpoints.ready),
        web.get("/config", endpoints.config),
        web.get("/api/v1/status", endpoints.status),
        web.get("/api/v1/events", events.answer),
        web.get("/api/v1/openapi.json", endpoints.openapi),
        web.get("/probe", acts(ProbeEndpoint(backend).answer), allow_head=False),
        web.post("/api/v1/roundtrip", acts(RoundtripEndpoint(backend).answer)),
        web.post("/api/v1/maintenance", acts(MaintenanceEndpoint(backend).answer)),
        web.post("/-/reload", acts(endpoints.reload)),
        web.put("/-/reload", acts(endpoints.reload)),
        *static_files.routes(),
    ]
    app.add_routes(routes)
    if external_url is not None and external_url.prefix:
        app.add_routes(_below(external_url.prefix, routes))
    return app


def _below(prefix: str, routes: Iterable[web.RouteDef]) -> Iterator[web.RouteDef]:
    """The same routes under a prefix; the page's links are relative, so they need its slash."""

    async def to_page(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPPermanentRedirect(f"{prefix}/")

    yield web.get(prefix, to_page)
    for route in routes:
        yield web.RouteDef(route.method, f"{prefix}{route.path}", route.handler, route.kwargs)


class _Endpoints:
    def __init__(self, backend: Backend, metrics: Metrics, external_url: ExternalUrl | None) -> None:
        self._backend = backend
        self._external_url = external_url
        self._metrics = metrics

    # What takes milliseconds to render is rendered from an immutable snapshot: /metrics, which is asked for all day,
    # in pieces with the loop's turns between them, the rest in a worker thread.

    async def page(self, _request: web.Request) -> web.Response:
        statuses = tuple(await in_turns(self._backend.each_status()))
        view = self._backend.journal.view(statuses)
        body = await asyncio.to_thread(page.render, statuses, view)
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def target(self, request: web.Request) -> web.Response:
        statuses = tuple(self._backend.statuses())
        found = find_dialogue(statuses, *(request.query.get(key, "") for key in ("path", "node", "service", "probe")))
        if found is None:
            raise web.HTTPNotFound(text="no such target: path, node (or edge) and service must be watched ones\n")
        path, status = found
        journal = self._backend.journal
        body = await asyncio.to_thread(
            page.render_target, path, status, journal.rounds.of(status.target), journal.view(())
        )
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def metrics(self, request: web.Request) -> web.Response:
        snapshot = self._metrics.snapshot(await in_turns(self._backend.each_status()))
        headers = request.headers
        accept, accept_encoding = headers.get(hdrs.ACCEPT, ""), headers.get(hdrs.ACCEPT_ENCODING, "")
        exposition = await snapshot.expose_in_turns(accept, accept_encoding)
        response = web.Response(body=exposition.body, headers={hdrs.CONTENT_TYPE: exposition.content_type})
        response.headers[hdrs.VARY] = "Accept, Accept-Encoding"
        if exposition.gzipped:
            response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        return response

    async def healthz(self, request: web.Request) -> web.Response:
        answer = healthz.answer(self._backend.statuses(), request.query.get("path"), request.query.get("service"))
        return _json(answer.document, answer.status, healthz.MEDIA_TYPE)

    async def status(self, _request: web.Request) -> web.Response:
        statuses = tuple(await in_turns(self._backend.each_status()))
        url = None if self._external_url is None else str(self._external_url)
        return await asyncio.to_thread(lambda: _json(api.document(statuses) | {"external_url": url}))

    async def openapi(self, _request: web.Request) -> web.Response:
        return _json(openapi.document("/" if self._external_url is None else self._external_url.text))

    async def alive(self, _request: web.Request) -> web.Response:
        ailment = self._backend.ailment()
        return _yes_or_no(yes=not ailment, otherwise=f"{ailment}\n")

    async def ready(self, _request: web.Request) -> web.Response:
        return _yes_or_no(yes=self._backend.ready(), otherwise="the first rounds have not ended yet\n")

    async def config(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._backend.config_text(), charset="utf-8")

    async def reload(self, _request: web.Request) -> web.Response:
        try:
            await self._backend.reload()
        except ConfigError as error:
            return web.Response(status=500, text=f"{error}\n")
        return web.Response(text="reloaded\n")


@web.middleware
async def _readable(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.RequestPayloadError as error:
        refusal = web.HTTPBadRequest(text="the body is not what its headers say\n")
        refusal.force_close()  # where another request would begin nobody knows
        raise refusal from error


def _acting(*, allowed: bool) -> Any:  # noqa: ANN401 - a decorator of handlers; its type is longer than itself
    def wrap(handler: Handler) -> Handler:
        async def refuse(_request: web.Request) -> web.StreamResponse:
            raise web.HTTPForbidden(text="this acts or changes state: start mailpath with --web.enable-lifecycle\n")

        return handler if allowed else refuse

    return wrap


async def _harden(headers: Mapping[str, str], _request: web.Request, response: web.StreamResponse) -> None:
    kept = response.headers.get(hdrs.CACHE_CONTROL)
    response.headers.update(headers)
    if kept is not None:  # what is named by its content
        response.headers[hdrs.CACHE_CONTROL] = kept


def _json(document: dict[str, Any], status: int = 200, media_type: str = "application/json") -> web.Response:
    return web.Response(text=json.dumps(document), status=status, content_type=media_type, charset="utf-8")


def _yes_or_no(*, yes: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if yes else web.Response(status=503, text=otherwise)
