"""The endpoints: what they answer, to which methods, and with which headers."""

import gzip
from dataclasses import replace

import pytest

from monitor.core.errors import ConfigError, Fault
from monitor.core.status import Health
from monitor.publish.static_files import address
from monitor.publish.web_config import WebSettings
from tests.publish.client import asking
from tests.publish.scrape import OPENMETRICS, read, value
from tests.publish.statuses import FakeBackend, path_status

READABLE = ("/", "/metrics", "/healthz", "/livez", "/-/healthy", "/readyz", "/-/ready", "/config", "/api/v1/status")
EVENTS = "/api/v1/events"
DOCUMENT = {"Accept": "application/json"}
TARGET = "/target?path=home&node=k8s-node1&service=smtp"


@pytest.mark.parametrize("place", [*READABLE, EVENTS, TARGET, "/static/status.css", "/static/status.js"])
async def test_what_can_be_read_answers_get_and_head(place: str) -> None:
    """GET gives a body, HEAD the same headers without one."""
    async with asking() as client:
        got = await client.get(place, headers=DOCUMENT)
        head = await client.head(place, headers=DOCUMENT)
        assert (got.status, head.status) == (200, 200)
        assert await got.read()
        assert await head.read() == b""
        assert head.content_type == got.content_type


@pytest.mark.parametrize("place", [*READABLE, EVENTS, TARGET, "/nowhere", "/-/reload", "/probe"])
async def test_every_answer_is_hardened(place: str) -> None:
    """Errors included: no sniffing, no framing, no script, no cache, and no word about the software."""
    async with asking(lifecycle=False) as client:
        headers = (await client.get(place)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "mailpath"


async def test_the_operators_headers_win() -> None:
    """http_server_config.headers of web.config.file replaces ours."""
    async with asking(settings=WebSettings(headers={"X-Frame-Options": "SAMEORIGIN"})) as client:
        assert (await client.get("/")).headers["X-Frame-Options"] == "SAMEORIGIN"


async def test_an_unknown_path_is_a_small_404() -> None:
    """Nothing is repeated of what was asked."""
    async with asking() as client:
        answer = await client.get("/<script>")
        assert (answer.status, await answer.text()) == (404, "404: Not Found")


async def test_metrics_by_negotiation() -> None:
    """Text for curl, OpenMetrics for Prometheus, compressed for both who ask."""
    async with asking() as client:
        plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
        assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "Content-Encoding" not in plain.headers
        asked = {"Accept": OPENMETRICS, "Accept-Encoding": "gzip"}
        openmetrics = await client.get("/metrics", headers=asked)
        assert openmetrics.headers["Content-Encoding"] == "gzip"
        series = read(await openmetrics.text(), openmetrics=True)
        assert value(series, "check_up", path="home", node="k8s-node1", service="smtp") == 1


async def test_health_is_of_the_mail_path() -> None:
    """A broken path is 503 with its document; narrowed to the unknown it is 404."""
    broken = FakeBackend(replace(path_status(), health=Health("fail", ())))
    async with asking(broken) as client:
        answer = await client.get("/healthz")
        assert answer.status == 503
        assert answer.content_type == "application/health+json"
        assert (await answer.json(content_type=None))["status"] == "fail"
        assert (await client.get("/healthz?path=elsewhere")).status == 404
        assert (await client.get("/healthz?service=gopher")).status == 404


async def test_liveness_and_readiness_are_of_the_daemon() -> None:
    """A broken mail path changes neither; the daemon's own state changes each under both its names."""
    backend = FakeBackend(replace(path_status(), health=Health("fail", ())))
    async with asking(backend) as client:
        assert [(await client.get(place)).status for place in ("/livez", "/readyz")] == [200, 200]
        backend.is_ready = False
        assert [(await client.get(place)).status for place in ("/readyz", "/-/ready", "/livez")] == [503, 503, 200]
        backend.sickness = "rounds are overdue"
        answers = [await client.get(place) for place in ("/livez", "/-/healthy")]
        assert [(answer.status, await answer.text()) for answer in answers] == [(503, "rounds are overdue\n")] * 2


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_reload(method: str) -> None:
    """POST reloads, and PUT too, as with Prometheus."""
    backend = FakeBackend()
    async with asking(backend) as client:
        assert (await client.request(method, "/-/reload")).status == 200
        assert backend.reloads == 1


async def test_reload_tells_every_fault() -> None:
    """A faulty configuration is 500 with all its faults, each on its line."""
    backend = FakeBackend()
    backend.fault = ConfigError(
        Fault("mailpath.yml:3: paths", "expected a list"), Fault("mailpath.yml:9", "unknown key")
    )
    async with asking(backend) as client:
        answer = await client.post("/-/reload")
        assert answer.status == 500
        assert await answer.text() == "mailpath.yml:3: paths: expected a list\nmailpath.yml:9: unknown key\n"


async def test_reload_is_no_get() -> None:
    """A link or a crawler cannot reload."""
    async with asking() as client:
        answer = await client.get("/-/reload")
        assert answer.status == 405
        assert {each.strip() for each in answer.headers["Allow"].split(",")} == {"POST", "PUT"}


async def test_without_lifecycle_nothing_acts() -> None:
    """Reload and probe are refused, and the answer names the flag."""
    backend = FakeBackend(path_status())
    async with asking(backend, lifecycle=False) as client:
        reload = await client.post("/-/reload")
        probe = await client.get("/probe?path=home&node=k8s-node1&service=smtp")
        assert (reload.status, probe.status) == (403, 403)
        assert "--web.enable-lifecycle" in await reload.text()
        assert (backend.reloads, backend.probed) == (0, [])


@pytest.mark.parametrize("place", ["/api/v1/roundtrip", "/api/v1/maintenance"])
async def test_a_body_that_cannot_be_unpacked_is_the_clients_fault(place: str) -> None:
    """What is handed in may be packed; what is not packed as it says is 400 and no trouble of ours."""
    async with asking() as client:
        answer = await client.post(place, data=b"abc", headers={"Content-Encoding": "gzip"}, compress=False)
        assert (answer.status, await answer.text()) == (400, "the body is not what its headers say\n")
        report = gzip.compress(b'{"path": "home", "success": true}')
        packed = await client.post("/api/v1/roundtrip", data=report, headers={"Content-Encoding": "gzip"})
        assert packed.status == 200


async def test_the_configuration_is_shown_as_given() -> None:
    """Secrets were hidden by the giver; a browser shows the text."""
    async with asking() as client:
        answer = await client.get("/config")
        assert answer.content_type == "text/plain"
        assert "password: <secret>" in await answer.text()


async def test_the_status_is_json() -> None:
    """Every path, under the documented name."""
    async with asking() as client:
        answer = await client.get("/api/v1/status")
        assert [path["name"] for path in (await answer.json())["paths"]] == ["home"]


async def test_a_file_named_by_its_content_is_kept_by_browsers() -> None:
    """The page asks for such names only; any other is asked for anew each time."""
    async with asking() as client:
        current = await client.get(f"/{address('status.js')}")
        assert current.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert (await client.get("/static/status.js?v=0")).headers["Cache-Control"] == "no-store"


async def test_a_target_that_is_none_is_404() -> None:
    """Only what is watched has a page."""
    async with asking() as client:
        assert (await client.get("/target?path=home&node=nobody&service=smtp")).status == 404
        assert "k8s-node1 smtp" in await (await client.get(TARGET)).text()
