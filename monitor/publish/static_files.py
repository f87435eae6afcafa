"""Style, script and icon of the status page: read once, named by their content, kept by browsers for good."""

import hashlib
from importlib.resources import files

from aiohttp import hdrs, web

_MEDIA_TYPES = {"status.css": "text/css", "status.js": "text/javascript", "icon.svg": "image/svg+xml"}
_BODIES = {name: files("monitor.publish").joinpath("static", name).read_bytes() for name in _MEDIA_TYPES}
_VERSIONS = {name: hashlib.blake2b(body, digest_size=6).hexdigest() for name, body in _BODIES.items()}


def address(name: str) -> str:
    """Give the relative address of a file, which changes with its content."""
    return f"static/{name}?v={_VERSIONS[name]}"


def routes() -> list[web.RouteDef]:
    """Give the routes that serve them."""
    return [web.get(f"/static/{name}", _serve) for name in _MEDIA_TYPES]


async def _serve(request: web.Request) -> web.StreamResponse:
    name = request.path.rpartition("/")[2]
    current = request.query.get("v") == _VERSIONS[name]
    kept = {hdrs.CACHE_CONTROL: "max-age=31536000, immutable"} if current else {}
    return web.Response(body=_BODIES[name], content_type=_MEDIA_TYPES[name], headers=kept)
