"""``/api/v1/openapi.json``: the HTTP interface, described as OpenAPI 3.1; a test holds it to the routes there are."""

from typing import Any

from monitor import __version__
from monitor.core.maintenance import LONGEST
from monitor.core.roundtrip import Step, Via
from monitor.publish.healthz import MEDIA_TYPE as HEALTH
from monitor.publish.maintenance_endpoint import LONGEST_REASON
from monitor.publish.roundtrip_endpoint import LONGEST_DETAIL, LONGEST_DURATION
from monitor.publish.stream import MEDIA_TYPE as STREAM

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_TIME: Json = {"type": "number", "description": "seconds since the epoch"}
_TRUTH: Json = {"enum": [True, False, 0, 1]}
_MAYBE_TRUTH: Json = {"enum": [True, False, 0, 1, None]}


def _nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: Json, optional: Json | None = None) -> Json:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _answer(description: str, schema: Json = _TEXT, *media_types: str) -> Json:
    content = {media_type: {"schema": schema} for media_type in media_types or ("text/plain",)}
    return {"description": description, "content": content}


def _query(name: str, description: str, *, required: bool = False) -> Json:
    schema = {"type": "string", "minLength": 1} if required else _TEXT
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _operation(
    summary: str, answers: dict[str, Json], *, query: tuple[Json, ...] = (), body: Json | None = None
) -> Json:
    operation: Json = {
        "summary": summary,
        "responses": {**answers, "401": _answer("users are configured, and this is none of them")},
    }
    if query:
        operation["parameters"] = list(query)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


_FORBIDDEN = _answer("it acts or changes state, and --web.enable-lifecycle is not given")
_USELESS = _answer("what was handed in is of no use; one sentence says what was expected")
_TOO_LARGE = _answer("more than 64 KiB were handed in")
_WHICH = (
    _query("path", "the path's name", required=True),
    _query("node", "the node's name; an edge's for its front door", required=True),
    _query("service", "the service's name", required=True),
)
_PROBE = _query("probe", "the kind of probe, where several share a node and service")
_POSTED_PATH = {"path": {"type": ["string", "null"], "description": "required where several are watched"}}
_HEALTH = _object({"status": {"enum": ["pass", "warn", "fail"]}}, {"notes": _list(_TEXT), "checks": {"type": "object"}})
_EVENT = _object({"id": {"type": "integer"}, "at": _TIME, "level": _TEXT, "event": _TEXT})
_PATH_LISTS = ("services", "checks", "handshakes", "others", "edges", "negatives")
_PATH_MAYBE = ("maillog", "cluster", "maintenance", "roundtrip")
_REMEDY = {
    "remedy": {"type": "string", "description": "the command, else the words; empty where there is nothing to do"},
    "words": {"type": ["string", "null"], "description": "what to do next"},
    "command": {"type": ["string", "null"], "description": "one that does it, to be run in a shell as it stands"},
}
_FINDING = _object({"severity": _TEXT, "subject": _TEXT, "kind": _TEXT, "message": _TEXT, **_REMEDY})
_PATH = _object(
    {
        "name": _TEXT,
        "at": _TIME,
        "elected": {"type": ["boolean", "null"]},
        "diagnosis": _object({"hop": _TEXT, "summary": _TEXT, "unexplained": _list(_TEXT), **_REMEDY}),
        "health": _object({"status": _TEXT}),
        "findings": _list(_FINDING),
        **dict.fromkeys(_PATH_LISTS, _list({"type": "object"})),
        **dict.fromkeys(_PATH_MAYBE, _nullable({"type": "object"})),
    }
)
_STATUS = _object({"paths": _list(_PATH), "external_url": {"type": ["string", "null"], "format": "uri"}})
_ROUNDTRIP = _object(
    {"success": _TRUTH},
    {
        **_POSTED_PATH,
        "duration_seconds": {"type": ["number", "null"], "minimum": 0, "maximum": LONGEST_DURATION},
        "via": {"enum": [*Via, None]},
        "step": {"enum": [*Step, None]},
        "detail": {"type": ["string", "null"], "description": f"cut to {LONGEST_DETAIL} characters"},
        "client_address": {"type": ["string", "null"], "description": "an IPv4 or IPv6 address, or empty"},
        "client_ip_recovered": _MAYBE_TRUTH,
        "via_backup": _MAYBE_TRUTH,
    },
)
_MAINTENANCE = _object(
    {"duration_seconds": {"type": "number", "minimum": 0, "maximum": LONGEST, "description": "0: it has ended"}},
    {**_POSTED_PATH, "reason": {"type": ["string", "null"], "description": f"cut to {LONGEST_REASON} characters"}},
)
_ALIVE = {"200": _answer("it is"), "503": _answer("it is not, and why")}
_RELOAD = _operation(
    "Load the configuration again.",
    {"200": _answer("it is in force"), "403": _FORBIDDEN, "500": _answer("it is faulty; the old one stays in force")},
)

PATHS: dict[str, dict[str, Json]] = {
    "/": {"get": _operation("The status page.", {"200": _answer("the page", _TEXT, "text/html")})},
    "/target": {
        "get": _operation(
            "One handshake's or front door's page, with its transcripts.",
            {"200": _answer("the page", _TEXT, "text/html"), "404": _answer("there is no such target")},
            query=(*_WHICH, _PROBE),
        )
    },
    "/metrics": {
        "get": _operation(
            "What Prometheus scrapes.",
            {"200": _answer("all metrics", _TEXT, "text/plain", "application/openmetrics-text")},
        )
    },
    "/healthz": {
        "get": _operation(
            "Is the mail path healthy?",
            {
                "200": _answer("pass or warn", _HEALTH, HEALTH),
                "503": _answer("fail", _HEALTH, HEALTH),
                "404": _answer("there is no such path or service", _HEALTH, HEALTH),
            },
            query=(_query("path", "this path alone"), _query("service", "this service alone")),
        )
    },
    "/livez": {"get": _operation("Does the daemon do its work?", _ALIVE)},
    "/-/healthy": {"get": _operation("The same as /livez.", _ALIVE)},
    "/readyz": {"get": _operation("Have the first rounds ended?", _ALIVE)},
    "/-/ready": {"get": _operation("The same as /readyz.", _ALIVE)},
    "/config": {"get": _operation("The running configuration, secrets hidden.", {"200": _answer("YAML")})},
    "/probe": {
        "get": _operation(
            "Do a handshake, or ask a front door, now.",
            {
                "200": _answer("metrics, or with debug=true the transcript"),
                "400": _answer("a parameter is missing"),
                "403": _FORBIDDEN,
                "404": _answer("there is no such target"),
                "429": _answer("it was asked for within the last ten seconds"),
                "503": _answer("not here (another replica leads) or not now (mailpath is about to end)"),
            },
            query=(*_WHICH, _PROBE, _query("debug", "true: the transcript")),
        )
    },
    "/api/v1/status": {
        "get": _operation(
            "Everything that the status page shows.",
            {"200": _answer("every path", _STATUS, "application/json")},
        )
    },
    "/api/v1/events": {
        "get": _operation(
            "What happens, as it happens, without end; with `Accept: application/json` the last events.",
            {
                "200": {
                    "description": "the stream, or the events, oldest first",
                    "content": {
                        STREAM: {"schema": _TEXT},
                        "application/json": {"schema": _object({"events": _list(_EVENT)})},
                    },
                },
                "503": _answer("as many streams are open as may be"),
            },
            query=(_query("since", "only events after this number"),),
        )
    },
    "/api/v1/openapi.json": {
        "get": _operation("This description.", {"200": _answer("OpenAPI 3.1", {"type": "object"}, "application/json")})
    },
    "/api/v1/roundtrip": {
        "post": _operation(
            "Hand in the result of a roundtrip: a JSON object, or the text that goes to a Pushgateway.",
            {
                "200": _answer("it is taken in", _object({"path": _TEXT, "success": _TRUTH}), "application/json"),
                "400": _USELESS,
                "403": _FORBIDDEN,
                "413": _TOO_LARGE,
            },
            body={"application/json": {"schema": _ROUNDTRIP}},
        )
    },
    "/api/v1/maintenance": {
        "post": _operation(
            "Announce work on a path, or its end.",
            {
                "200": _answer(
                    "it is taken in", _object({"path": _TEXT, "until": _TIME, "reason": _TEXT}), "application/json"
                ),
                "400": _USELESS,
                "403": _FORBIDDEN,
                "413": _TOO_LARGE,
            },
            body={"application/json": {"schema": _MAINTENANCE}},
        )
    },
    "/-/reload": {"post": _RELOAD, "put": _RELOAD},
}


def document(server: str = "/") -> Json:
    """Give the whole description; ``server`` is the URL that people reach, by default that which was asked."""
    return {
        "openapi": "3.1.0",
        "servers": [{"url": server}],
        "info": {"title": "mailpath", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": PATHS,
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "security": [{}, {"basic": []}],
    }
