"""Private authorities, by the book and not: every client here gives the same verdict, on every Python."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import http_client
from monitor.links.kube_api import KubeApi
from monitor.links.mailbox import Mailbox, MailboxSettings
from monitor.links.trust import Trust, client_context
from tests.links.certificates import CA, SIGNS, Authority, Identity, may
from tests.links.imap_server import Mailstore
from tests.links.peers import serving

HOST = "127.0.0.1"

BY_THE_BOOK = Authority()
NO_KEY_USAGE = Authority(marks=((CA, True),))
NOT_CRITICAL = Authority(marks=((CA, False), (SIGNS, True)))
NO_CONSTRAINTS = Authority(marks=())
NO_AUTHORITY = Authority(marks=((x509.BasicConstraints(ca=False, path_length=None), True),))
MAY_NOT_SIGN = Authority(marks=((CA, True), (may(digital_signature=True), True)))

ACCEPTED = {
    "by the book": (BY_THE_BOOK, BY_THE_BOOK.issue(HOST)),
    "authority without keyUsage": (NO_KEY_USAGE, NO_KEY_USAGE.issue(HOST)),
    "basicConstraints not critical": (NOT_CRITICAL, NOT_CRITICAL.issue(HOST)),
    "no authority key identifier": (BY_THE_BOOK, BY_THE_BOOK.issue(HOST, names_key=False)),
}
REFUSED = {
    "no basicConstraints": (NO_CONSTRAINTS, NO_CONSTRAINTS.issue(HOST), "invalid CA certificate"),
    "not an authority": (NO_AUTHORITY, NO_AUTHORITY.issue(HOST), "invalid CA certificate"),
    "may not sign": (MAY_NOT_SIGN, MAY_NOT_SIGN.issue(HOST), "invalid CA certificate"),
}

Client = Callable[[str, int, Identity], Awaitable[None]]
"""Connects to a server of the certificate that trusts the file alone; raises what it makes of it."""


async def handshakes(ca_file: str, port: int, leaf: Identity) -> None:  # noqa: ARG001 - it connects to no port
    """The verdict on a chain that one of our handshakes was shown."""
    answer = Trust(ca_file).ask([leaf.der], HOST)
    if answer.problem is not None:
        raise LinkError(answer.problem, answer.detail)


async def mailbox(ca_file: str, port: int, _: Identity) -> None:
    """The round trip's IMAP client."""
    settings = MailboxSettings(HOST, port, HOST, ca_file, True, "user", "password", "INBOX", "", 5.0, 300.0)  # noqa: FBT003 - a row
    await Mailbox(settings).collect("marker")


async def webhook(_: str, port: int, __: Identity) -> None:
    """Webhooks and APIs, which trust the system's authorities."""
    await http_client.request("GET", f"https://{HOST}:{port}/", within=5)


async def kubernetes(ca_file: str, port: int, _: Identity) -> None:
    """The Kubernetes client; the kubeconfig names the authority."""
    named = {"name": "x", "cluster": {"server": f"https://{HOST}:{port}", "certificate-authority": ca_file}}
    context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
    file = Path(ca_file).with_name("kubeconfig")
    file.write_text(
        json.dumps(
            {"current-context": "x", "contexts": [context], "clusters": [named], "users": [{"name": "x", "user": {}}]}
        )
    )
    api = KubeApi(file, timeout=5)
    try:
        await api.get("/version")
    finally:
        await api.close()


CLIENTS: tuple[Client, ...] = (handshakes, mailbox, webhook, kubernetes)


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with an empty document."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    await writer.drain()


@pytest.fixture(autouse=True)
def _system_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The system's authorities are one file, which the test writes; OpenSSL knows this variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    http_client.system_tls.cache_clear()
    yield
    http_client.system_tls.cache_clear()


def trusted(authority: Authority, directory: Path) -> str:
    """Write the file that ``SSL_CERT_FILE`` names."""
    return str(Path(authority.ca_file(directory)).rename(directory / "ca.pem"))


async def ask(client: Client, authority: Authority, leaf: Identity, directory: Path) -> None:
    """Let the client, which trusts this authority alone, connect to a server of this certificate."""
    ca_file = trusted(authority, directory)
    answers = Mailstore().serve if client is mailbox else http
    async with serving(answers, leaf.server_context(directory)) as port:
        await client(ca_file, port, leaf)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", ACCEPTED)
async def test_what_mail_clients_accept_is_accepted(case: str, client: Client, tmp_path: Path) -> None:
    """Whatever a strict reading of RFC 5280 has against it: no mail client refuses it either."""
    await ask(client, *ACCEPTED[case], tmp_path)


@pytest.mark.parametrize("client", [handshakes, mailbox, webhook])
async def test_an_intermediate_may_be_trusted_without_its_root(client: Client, tmp_path: Path) -> None:
    """The Kubernetes library makes its own context, and follows the Python it runs on here."""
    intermediate = BY_THE_BOOK.intermediate()
    await ask(client, intermediate, intermediate.issue(HOST), tmp_path)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", REFUSED)
async def test_a_refusal_names_the_rule_of_openssl(case: str, client: Client, tmp_path: Path) -> None:
    """What can be no authority is refused by every client, and each says by which rule."""
    authority, leaf, rule = REFUSED[case]
    with pytest.raises(LinkError) as caught:
        await ask(client, authority, leaf, tmp_path)
    assert rule in caught.value.detail
    # the Kubernetes API's certificates are not those that the remedies of certificate_untrusted speak of
    assert caught.value.reason is (Reason.TLS_ERROR if client is kubernetes else Reason.CERTIFICATE_UNTRUSTED)


def test_no_flag_depends_on_the_python() -> None:
    """``create_default_context`` sets more from 3.13 on."""
    flags = client_context().verify_flags
    assert flags == ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
