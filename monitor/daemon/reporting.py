"""Who is told of a roundtrip: a Pushgateway, Uptime Kuma, mailpath's daemon; and what the daemon says of a failure."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.config.roundtrip import RoundtripSettings
from monitor.core.errors import LinkError
from monitor.core.roundtrip import Roundtrip
from monitor.links.http_client import Answer, request
from monitor.publish.pushgateway import MEDIA_TYPE, exposition, push_path

TIMEOUT = 10.0
# Before the second and the third try, in seconds.
PAUSES = (1.0, 2.0)
LONGEST_NOTE = 300

_JSON = {"content-type": "application/json"}


class Told(NamedTuple):
    """One who was to be told: whether that succeeded, and a line about it."""

    ok: bool
    words: str


async def report(settings: RoundtripSettings, result: Roundtrip) -> list[Told]:
    """Tell everybody who is configured, at once; Uptime Kuma hears of successes only."""
    telling: list[Awaitable[Told]] = []
    if settings.pushgateway_url is not None:
        url = push_path(settings.pushgateway_url.reveal())
        telling.append(_tell("Pushgateway", "POST", url, exposition(result), {"content-type": MEDIA_TYPE}))
    if settings.kuma_url is not None and result.success:
        telling.append(_tell("Uptime Kuma", "GET", _kuma(settings.kuma_url.reveal(), result)))
    for daemon in settings.daemon_urls:
        url = f"{daemon.reveal()}/api/v1/roundtrip"
        telling.append(_tell("mailpath's daemon", "POST", url, json.dumps(_document(result)).encode(), _JSON))
    return list(await asyncio.gather(*telling))


async def explain(settings: RoundtripSettings, path: str) -> list[str]:
    """Ask what is known of a path on which a roundtrip has failed: the first daemon that answers, if there is any."""
    words: list[str] = []
    for daemon in settings.daemon_urls:
        try:
            answer = await request("GET", f"{daemon.reveal()}/healthz?{urlencode({'path': path})}", within=TIMEOUT)
        except LinkError as error:
            words = [f"mailpath's daemon cannot be asked ({error})"]
        else:
            return [_explained(answer)]
    return words


def _explained(answer: Answer) -> str:
    try:
        status, reasons = _health(json.loads(answer.body))
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"mailpath's daemon does not know this path (it answered {answer.status})"
    match status:
        case "fail":
            return f"the path is known to be down: {reasons}"
        case "warn":
            return f"the path is known to be ailing: {reasons}"
        case _:
            return "mailpath finds every hop of the path healthy"


def _health(document: dict[str, Any]) -> tuple[str, str]:
    """Give the state of a path and its reasons: the diagnosis first, then what failed, then what is worth a warning."""
    told = [
        (not name.startswith("diagnosis:"), check["status"] != "fail", check["output"])
        for name, checks in document["checks"].items()
        for check in checks
        if check["status"] != "pass"
    ]
    reasons = dict.fromkeys(output.rstrip(".") for *_, output in sorted(told))
    return document["status"], "; ".join(reasons)[:LONGEST_NOTE]


async def _tell(whom: str, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Told:
    async def attempt() -> Answer:
        return await request(method, url, within=TIMEOUT, body=body, headers=headers)

    trouble = ""
    for pause in (*PAUSES, None):
        trouble = await _trouble(attempt)
        if not trouble:
            return Told(ok=True, words=f"Told {whom}")
        if pause is not None:
            await asyncio.sleep(pause)
    return Told(ok=False, words=f"Could not tell {whom}: {trouble}")


async def _trouble(attempt: Callable[[], Awaitable[Answer]]) -> str:
    try:
        answer = await attempt()
    except LinkError as error:
        return str(error)
    return "" if answer.status // 100 == 2 else f"it answered {answer.status}"  # noqa: PLR2004 - success


def _kuma(url: str, result: Roundtrip) -> str:
    """Fill in a push URL: ``ping`` is in milliseconds; what else stands in the query stays."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query |= {"status": "up", "msg": "OK", "ping": str(round(1000 * (result.duration or 0.0)))}
    return urlunsplit(parts._replace(query=urlencode(query)))


def _document(result: Roundtrip) -> dict[str, object]:
    return {
        "path": result.path,
        "success": result.success,
        "duration_seconds": result.duration,
        "via": result.via,
        "step": result.step,
        "detail": result.detail,
        "client_address": result.client_address,
        "client_ip_recovered": result.client_ip_recovered,
        "via_backup": result.via_backup,
    }
