"""The roundtrip's block: its defaults, its faults, and its secrets, which are shown to nobody."""

import pytest

from monitor.config.load import parse
from monitor.config.roundtrip import RoundtripSettings
from monitor.config.show import show
from monitor.config.values import Secret
from tests.config.documents import faults_of, with_block

NEEDED = "sender: a@example.org, recipient: b+c@example.org"
MAILBOX = "imap: {user: spam@example.org, password_file: /p}"


def block(more: str = "", imap: str = MAILBOX, beside: str = "edges: [{}]") -> bytes:
    """Write a configuration with a roundtrip block."""
    return with_block(f"roundtrip: {{{', '.join(part for part in (NEEDED, imap, more) if part)}}}\n{beside}")


def roundtrip(data: bytes, **environ: str) -> RoundtripSettings:
    """Read it."""
    settings = parse(data, "", environ=environ).paths[0].roundtrip
    assert settings is not None
    return settings


def test_without_it_nothing_is_expected() -> None:
    """The source is off."""
    assert parse(with_block("checks: {}"), "").paths[0].roundtrip is None


@pytest.mark.parametrize(
    ("imap", "beside", "host"),
    [
        (MAILBOX, "edges: [{}]", "10.0.20.1"),
        (MAILBOX, "edges: [{}]\nkubernetes: {namespace: mail}", "mailserver.mail.svc.cluster.local"),
        ("imap: {host: '2001:db8::1', user: u, password_file: /p}", "kubernetes: {}", "2001:db8::1"),
    ],
)
def test_where_the_mailbox_is(imap: str, beside: str, host: str) -> None:
    """What is written wins, then the Service inside the cluster, then the edge; the name is the mail server's."""
    settings = roundtrip(block(imap=imap, beside=beside))
    assert (settings.imap.host, settings.imap.server_name) == (host, "mail.example.org")


def test_secrets_are_read_and_not_shown() -> None:
    """From the environment, for who must send them; every URL that may hold one is one."""
    data = block(
        "brevo: {api_key: '${KEY}'}, kuma_url: 'https://kuma/api/push/${TOKEN}?msg=OK', "
        "pushgateway_url: 'http://u:${TOKEN}@gateway:9091/', daemon_urls: ['http://u:${TOKEN}@mailpath:9641']",
        imap="imap: {user: u, password: '${WORD}'}",
    )
    environ = {"KEY": "marked-key", "TOKEN": "marked-token", "WORD": "marked-word"}
    settings = roundtrip(data, **environ)
    assert settings.brevo is not None
    assert settings.brevo.api_key == Secret("marked-key")
    assert settings.pushgateway_url == Secret("http://u:marked-token@gateway:9091")
    shown = show(parse(data, "", environ=environ))
    assert "marked" not in shown + repr(settings)
    assert shown.count("<secret>") == 5


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (block(imap="imap: {user: u}"), "roundtrip.imap: expected exactly one of password and password_file, got none"),
        (
            block(imap="imap: {user: u, password: x, password_file: /p}"),
            "roundtrip.imap: expected exactly one of password and password_file, got password and password_file",
        ),
        (block("brevo: {}"), "roundtrip.brevo: expected exactly one of api_key and api_key_file, got none"),
        (
            block(beside="checks: {}"),
            "roundtrip.imap.host: missing: without an edge or a kubernetes block it has no default",
        ),
        (
            block("brevo: {api_key: x, url: 'http://u:marked@x/'}"),
            "roundtrip.brevo.url: expected an http or https URL without credentials, got 'http://u:marked@x/'",
        ),
        (block("kuma_url: marked"), "roundtrip.kuma_url: expected an http or https URL or null, got something else"),
        (block("kuma_url: 'http://'"), "roundtrip.kuma_url: expected an http or https URL or null, got something else"),
        (
            block("daemon_urls: ['http://[::1']"),
            "roundtrip.daemon_urls[0]: expected an http or https URL, got something else",
        ),
        (
            block(imap='imap: {user: u, password: x, folder: "a\\"b"}'),
            "roundtrip.imap.folder: expected a folder's name of letters, digits, blanks and '_./-', got 'a\"b'",
        ),
    ],
)
def test_faults(data: bytes, fault: str) -> None:
    """One sentence each, and never a secret in it."""
    (told,) = faults_of(data)
    assert told.partition("paths[0].")[2] == fault


@pytest.mark.parametrize("address", ["example.org", "a b@example.org", '"a"@example.org', "a@", "a@b>\\r\\n", "<a@b>"])
def test_addresses_are_plain(address: str) -> None:
    """They become part of commands."""
    data = with_block(f"roundtrip: {{sender: '{address}', recipient: b@c.org, {MAILBOX}}}\nedges: [{{}}]")
    (fault,) = faults_of(data)
    assert "roundtrip.sender: expected a mail address such as user@example.org" in fault
