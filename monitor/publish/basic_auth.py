"""Basic authentication (RFC 7617) against bcrypt hashes, without paying bcrypt's price at every scrape."""

import asyncio
import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

# bcrypt reads no further (and its newer versions refuse to try).
_BCRYPT_READS = 72
# Compared with for names that nobody has, so that timing does not tell which names exist.
_NOBODY = b"$2b$10$" + b"." * 53


class BasicAuth:
    """Checks credentials; a pair once found right is known by its keyed digest, and only rightful ones are kept."""

    def __init__(self, users: Mapping[str, str]) -> None:
        """Take the bcrypt hashes by user name."""
        self._users = {name.encode(): digest.encode() for name, digest in users.items()}
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        # One at a time: a flood of wrong passwords may cost one thread, never all of them.
        self._turn = asyncio.Lock()

    async def allows(self, authorization: str) -> bool:
        """Tell whether the header's credentials are right."""
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        seal = hashlib.blake2b(credentials, key=self._key).digest()
        if seal in self._right:
            return True
        name, _, password = credentials.partition(b":")
        async with self._turn:
            matches = await asyncio.to_thread(_matches, password, self._users.get(name, _NOBODY))
        right = matches and name in self._users
        if right:
            self._right.add(seal)
        return right


def basic_auth(users: Mapping[str, str]) -> Middleware:
    """Make the middleware that asks for a name and a password everywhere, liveness included (as exporter-toolkit)."""
    guard = BasicAuth(users)

    @web.middleware
    async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
        if await guard.allows(request.headers.get(hdrs.AUTHORIZATION, "")):
            return await handler(request)
        return web.Response(status=401, text="Unauthorized\n", headers={hdrs.WWW_AUTHENTICATE: "Basic"})

    return ask


def _credentials(authorization: str) -> bytes | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if b":" in decoded else None


def _matches(password: bytes, digest: bytes) -> bool:
    import bcrypt  # noqa: PLC0415 - only where web.config.file names users

    try:
        return bcrypt.checkpw(password[:_BCRYPT_READS], digest)
    except ValueError:
        return False
