"""Basic authentication: who may in, and what it costs."""

import base64

import bcrypt
import pytest

from monitor.publish import basic_auth
from monitor.publish.web_config import WebSettings
from tests.publish.client import asking

USERS = {"prometheus": bcrypt.hashpw(b"pa:ss", bcrypt.gensalt(rounds=4)).decode()}


def header(credentials: str) -> str:
    """Write the header's value."""
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize("place", ["/", "/metrics", "/livez", "/nowhere", "/static/status.css"])
async def test_everything_asks_for_a_name(place: str) -> None:
    """Without credentials there is no answer, not even whether a page exists."""
    async with asking(settings=WebSettings(users=USERS)) as client:
        answer = await client.get(place)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Basic"
        allowed = await client.get(place, headers={"Authorization": header("prometheus:pa:ss")})
        assert allowed.status in {200, 404}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic \u00e9",
        "Bearer abc",
        header("prometheus"),
        header("prometheus:wrong"),
        header("prometheus:"),
        header("nobody:pa:ss"),
        header("prometheus:pa:ss\x00"),
        header("prometheus:" + "x" * 5000),
    ],
)
async def test_wrong_credentials_are_refused(value: str) -> None:
    """Garbage, wrong passwords and unknown names are all the same answer."""
    assert not await basic_auth.BasicAuth(USERS).allows(value)


async def test_bcrypt_is_paid_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same right credentials are known at the next scrape; wrong ones are checked anew each time."""
    asked = []
    real = basic_auth._matches  # noqa: SLF001 - the expensive step is what is counted

    def counting(password: bytes, digest: bytes) -> bool:
        asked.append(password)
        return real(password, digest)

    monkeypatch.setattr(basic_auth, "_matches", counting)
    guard = basic_auth.BasicAuth(USERS)
    for _ in range(3):
        assert await guard.allows(header("prometheus:pa:ss"))
        assert not await guard.allows(header("prometheus:other"))
    assert asked.count(b"pa:ss") == 1
    assert asked.count(b"other") == 3


async def test_unknown_names_cost_as_much_as_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash is computed for a name that nobody has, and it never matches."""
    digests: list[bytes] = []

    def matching(_password: bytes, digest: bytes) -> bool:
        digests.append(digest)
        return True

    monkeypatch.setattr(basic_auth, "_matches", matching)
    assert not await basic_auth.BasicAuth(USERS).allows(header("nobody:x"))
    assert len(digests) == 1
    assert bcrypt.checkpw(b"x", digests[0]) is False
