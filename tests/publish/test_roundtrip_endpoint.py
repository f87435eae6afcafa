"""``POST /api/v1/roundtrip``: results are taken in in every shape in which they come, and nothing else is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.roundtrip import Roundtrip, Step, Via
from monitor.publish.posted import ReportError
from monitor.publish.roundtrip_endpoint import read_report
from tests.publish.client import asking
from tests.publish.statuses import AT, FakeBackend, path_status

PATHS = (path_status(), replace(path_status(), name="away"))
OLD_SCRIPT = """\
# HELP email_roundtrip_success Whether the last probe succeeded
# TYPE email_roundtrip_success gauge
email_roundtrip_success 1
# TYPE email_roundtrip_duration_seconds gauge
email_roundtrip_duration_seconds{instance="a"} 21.40
email_roundtrip_last_success_timestamp 1790000000
email_roundtrip_odd x
not a sample
"""


def report(**fields: object) -> bytes:
    """Write a report on one of two paths."""
    return json.dumps({"path": "home", "success": True} | fields).encode()


def test_our_own_result() -> None:
    """Every field of it."""
    result = read_report(
        report(
            duration_seconds=3.5,
            via="brevo",
            step=None,
            detail="the sender\nwas recorded",
            client_address="77.32.148.20",
            client_ip_recovered=True,
            via_backup=True,
        ),
        PATHS,
    )
    assert result == Roundtrip(
        path="home",
        at=AT,
        success=True,
        duration=3.5,
        via=Via.BREVO,
        detail="the sender was recorded",
        client_address="77.32.148.20",
        client_ip_recovered=True,
        via_backup=True,
    )


@pytest.mark.parametrize(
    "body",
    [
        OLD_SCRIPT.encode(),
        b'{"success": 1, "duration_seconds": 21.4}',
        b'{"success": true, "duration": 21.4, "marker": "e2e-probe-01", "error": null}',
        b'{"email_roundtrip_success": 1, "email_roundtrip_duration_seconds": 21.4}',
    ],
)
def test_the_old_scripts_result(body: bytes) -> None:
    """As JSON, or as the text that it pushes; the only path that is watched is meant."""
    assert read_report(body, PATHS[:1]) == Roundtrip("home", AT, success=True, duration=21.4)


def test_a_failure() -> None:
    """The step at which it stood comes along."""
    result = read_report(report(success=0, step="arrive", path="away"), PATHS)
    assert (result.path, result.success, result.step, result.duration) == ("away", False, Step.ARRIVE, None)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "expected a JSON object or Prometheus text, got neither"),
        (b"{", "expected a JSON object, and this is no JSON"),
        (b"[1]", "expected a JSON object, got a list"),
        (b"\xff", "expected JSON or Prometheus text, in UTF-8"),
        (b"{" * 50_000, "expected a JSON object, and this is no JSON"),
        (report(path=None), "path: expected one of home, away, got nothing"),
        (report(path="x"), "path: expected one of home, away, got 'x'"),
        (report(path=["home"]), "path: expected one of home, away, got ['home']"),
        (report(success="yes"), "success: expected true, false, 1 or 0, got 'yes'"),
        (report(success=None), "success: expected true, false, 1 or 0, got nothing"),
        (report(success=[]), "success: expected true, false, 1 or 0, got []"),
        (report(success=2), "success: expected true, false, 1 or 0, got 2"),
        (report(duration_seconds=-1), "duration_seconds: expected a number from 0 to 86400, got -1"),
        (
            report(duration_seconds=float("nan")),
            "duration_seconds: expected a number from 0 to 86400, got no finite number",
        ),
        (report(duration_seconds=True), "duration_seconds: expected a number from 0 to 86400, got True"),
        (report(duration_seconds="1"), "duration_seconds: expected a number from 0 to 86400, got '1'"),
        (report(via="pigeon"), "via: expected one of brevo, front_door, got 'pigeon'"),
        (report(via={}), "via: expected one of brevo, front_door, got {}"),
        (report(step="x" * 99), "step: expected one of send, arrive, mailbox, got '" + "x" * 79 + "…"),
        (report(detail=1), "detail: expected a text, got 1"),
        (report(client_address="localhost"), "client_address: expected an IP address, got 'localhost'"),
        (report(client_address=1), "client_address: expected an IP address, got 1"),
        (report(client_ip_recovered="no"), "client_ip_recovered: expected true, false, 1 or 0, got 'no'"),
        (report(via_backup={}), "via_backup: expected true, false, 1 or 0, got {}"),
    ],
)
def test_what_is_of_no_use(body: bytes, sentence: str) -> None:
    """One sentence says what was expected."""
    with pytest.raises(ReportError) as caught:
        read_report(body, PATHS)
    assert str(caught.value) == sentence


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(st.sampled_from(["success", "path", "duration", "via", "detail"]), inner)
            | st.lists(inner, max_size=2)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=120, deadline=None)
def test_any_body_is_a_result_or_a_sentence(body: bytes) -> None:
    """Nothing else ever comes of it."""
    try:
        said = read_report(body, PATHS[:1]).path
    except ReportError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 200


async def test_over_http() -> None:
    """A result is handed on; what is of no use is 400, what is endless 413, and GET is not allowed."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        answer = await client.post("/api/v1/roundtrip", data=report(duration_seconds=2))
        assert (answer.status, await answer.json()) == (200, {"path": "home", "success": True})
        bad = await client.post("/api/v1/roundtrip", data=b"{}")
        assert (bad.status, await bad.text()) == (400, "success: expected true, false, 1 or 0, got nothing\n")
        assert (await client.post("/api/v1/roundtrip", data=b"x" * 100_000)).status == 413
        assert (await client.get("/api/v1/roundtrip")).status == 405
    assert [result.duration for result in backend.roundtrips] == [2.0]


async def test_without_lifecycle_it_is_refused() -> None:
    """It changes state, and that must be allowed."""
    backend = FakeBackend(path_status())
    async with asking(backend, lifecycle=False) as client:
        assert (await client.post("/api/v1/roundtrip", data=report())).status == 403
    assert backend.roundtrips == []
