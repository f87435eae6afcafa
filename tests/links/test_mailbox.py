"""A mailbox over IMAP: one message is found and deleted, others stay; and every way in which that can fail."""

import asyncio
import base64
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.mailbox import MAX_HEADER, Mailbox, MailboxSettings
from tests.links.certificates import NAME, Authority
from tests.links.imap_server import Mailstore
from tests.links.peers import serving

MARKER = "e2e-probe-0123456789abcdef"
HEADER = b"Received: from a (b [192.0.2.1]) by c\r\nSubject: x\r\n\r\n"
PASSWORD = "marked-pässword"  # noqa: S105 - a mark to search for

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


@pytest.fixture
def settings(authority: Authority, tmp_path: Path) -> MailboxSettings:
    """Give the settings of a mailbox on loopback; the port is the server's."""
    return MailboxSettings(
        host="127.0.0.1",
        port=1,
        server_name=NAME,
        ca_file=authority.ca_file(tmp_path),
        verify=True,
        user="spam@example.org",
        password=PASSWORD,
        folder="INBOX",
        sender="monitoring@example.org",
        timeout=5.0,
        leftover_after=300.0,
    )


async def collect(store: Mailstore, tls: ssl.SSLContext, settings: MailboxSettings) -> bytes | None:
    """Look into the mailbox of a server."""
    async with serving(store.serve, tls) as port:
        return await Mailbox(replace(settings, port=port)).collect(MARKER)


def holding() -> Mailstore:
    """Give a server with our message, and leftovers."""
    store = Mailstore(u7=HEADER)
    store.found = {MARKER: "7", "OLDER": "3 5"}
    return store


async def test_the_message_is_taken_and_leftovers_with_it(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """Its header is given; it, and what earlier runs have left, is deleted by uid, and nothing else is."""
    store = holding()
    assert await collect(store, good, settings) == HEADER
    credentials = base64.b64encode(f"\0spam@example.org\0{PASSWORD}".encode()).decode()
    assert store.said == [
        "CAPABILITY",
        "AUTHENTICATE PLAIN",
        f"<{credentials}>",
        'SELECT "INBOX"',
        "CAPABILITY",
        f'UID SEARCH SUBJECT "{MARKER}"',
        f"UID FETCH 7 (BODY.PEEK[HEADER]<0.{MAX_HEADER}>)",
        'UID SEARCH SUBJECT "e2e-probe-" FROM "monitoring@example.org" OLDER 300',
        r"UID STORE 7,3,5 +FLAGS.SILENT (\Deleted)",
        "UID EXPUNGE 7,3,5",
        "LOGOUT",
    ]


async def test_a_server_of_few_abilities(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """Without WITHIN all leftovers go, without UIDPLUS whatever is marked goes."""
    store = holding()
    store.capabilities = "IMAP4rev1"
    assert await collect(store, good, settings) == HEADER
    assert 'UID SEARCH SUBJECT "e2e-probe-" FROM "monitoring@example.org"' in store.said
    assert "EXPUNGE" in store.said


async def test_what_is_not_there_is_not_an_error(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """Nothing is deleted either: a leftover of now may be somebody's message of now."""
    store = Mailstore()
    assert await collect(store, good, settings) is None
    assert not any("STORE" in command for command in store.said)


@pytest.mark.parametrize("command", ["UID STORE", "UID EXPUNGE", "LOGOUT"])
async def test_what_was_seen_was_seen(command: str, good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """A message that cannot be deleted was found all the same."""
    store = holding()
    store.answers[command] = b"TAG NO disk full\r\n" if command != "LOGOUT" else None
    assert await collect(store, good, settings) == HEADER


@pytest.mark.parametrize(
    ("command", "answer", "reason", "words"),
    [
        ("<", b"TAG NO [AUTHENTICATIONFAILED] Authentication failed.\r\n", Reason.AUTH_FAILED, "Authentication failed"),
        ("<", b"TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", Reason.TURNED_AWAY, "Temporary"),
        ("AUTHENTICATE", b"TAG BAD Unsupported mechanism\r\n", Reason.AUTH_FAILED, "Unsupported"),
        ("<", None, Reason.CLOSED, ""),
        ("SELECT", b"TAG NO [NONEXISTENT] Mailbox doesn't exist\r\n", Reason.NOT_FOUND, "folder INBOX: [NONEXISTENT]"),
        ("UID SEARCH", b"TAG BAD what?\r\n", Reason.UNEXPECTED_REPLY, "what?"),
        ("UID FETCH", b"* 1 FETCH (BODY[HEADER] {99999999}\r\n", Reason.CLOSED, "literal of 99999999 bytes"),
        ("SELECT", b"x" * 2_000_000 + b"\r\n", Reason.UNEXPECTED_REPLY, "1000000"),
        ("CAPABILITY", b"nonsense\r\n", Reason.CLOSED, "unexpected response"),
        ("SELECT", b"* BYE shutting down\r\n", Reason.CLOSED, "shutting down"),
    ],
)
async def test_failures(  # noqa: PLR0913, PLR0917 - a table and two fixtures
    command: str,
    answer: bytes | None,
    reason: Reason,
    words: str,
    good: ssl.SSLContext,
    settings: MailboxSettings,
) -> None:
    """Each has its reason, and the server's own words, never ours: the password is in none of them."""
    store = holding()
    store.answers[command] = answer
    with pytest.raises(LinkError) as caught:
        await collect(store, good, settings)
    assert caught.value.reason is reason
    assert words in caught.value.detail
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(settings)


async def test_a_greeting_that_is_none(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """Another protocol's server is told as one that speaks nonsense."""
    store = Mailstore()
    store.greeting = b"220 mail.example.org ESMTP\r\n"
    with pytest.raises(LinkError) as caught:
        await collect(store, good, settings)
    assert caught.value.reason is Reason.CLOSED


async def test_the_certificate_must_be_for_the_name(
    authority: Authority, tmp_path: Path, settings: MailboxSettings
) -> None:
    """Whatever address is connected to; and where nobody verifies, any will do."""
    other = authority.issue("other.example.org").server_context(tmp_path)
    with pytest.raises(LinkError) as caught:
        await collect(Mailstore(), other, settings)
    assert caught.value.reason is Reason.CERTIFICATE_NAME_MISMATCH
    assert await collect(holding(), other, replace(settings, verify=False)) == HEADER


async def test_no_tls(settings: MailboxSettings) -> None:
    """Plain text in place of TLS."""
    store = Mailstore()
    async with serving(store.serve) as port:
        with pytest.raises(LinkError) as caught:
            await Mailbox(replace(settings, port=port)).collect(MARKER)
    assert caught.value.reason is Reason.TLS_ERROR
    assert store.said == []


async def test_nobody_listens(settings: MailboxSettings) -> None:
    """Refused."""
    with pytest.raises(LinkError) as caught:
        await Mailbox(settings).collect(MARKER)
    assert caught.value.reason is Reason.REFUSED


async def test_a_drip_does_not_hold_us(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """The time is for all of it: a server that says a byte now and then is left when it is over."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"*")
            await writer.drain()
            await asyncio.sleep(0.02)

    began = time.monotonic()
    async with serving(drip, good) as port:
        with pytest.raises(LinkError) as caught:
            await Mailbox(replace(settings, port=port, timeout=0.3)).collect(MARKER)
    assert caught.value.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 20


async def test_who_is_cancelled_leaves_at_once(good: ssl.SSLContext, settings: MailboxSettings) -> None:
    """Nobody waits for a server that is silent."""

    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silence, good) as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await Mailbox(replace(settings, port=port, timeout=60.0)).collect(MARKER)


@pytest.mark.parametrize(("content", "reason"), [(None, Reason.NOT_FOUND), ("junk", Reason.MALFORMED)])
def test_the_trust_must_be_readable(
    content: str | None, reason: Reason, tmp_path: Path, settings: MailboxSettings
) -> None:
    """A file that is absent, or holds no certificate."""
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(LinkError) as caught:
        Mailbox(replace(settings, ca_file=str(file)))
    assert caught.value.reason is reason
