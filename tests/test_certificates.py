"""The certificates of the tests and of the demo are by the book: any client may meet them."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.demo.certificates import Authority as DemoAuthority
from tests.kube.pki import Pki
from tests.lab.certificates import SERVER_NAME
from tests.lab.certificates import Authority as LabAuthority
from tests.links.certificates import NAME, Authority
from tests.links.tls_server import Server
from tests.publish.certificates import Authority as WebAuthority

Made = tuple[Path, ssl.SSLContext, str]
"""An authority's file, a server's context, and the name on its certificate."""


def _server(chain: Path, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def links(directory: Path) -> Made:
    """The authority of most tests, with an intermediate."""
    authority = Authority()
    over = authority.intermediate()
    chain = directory / "chain.pem"
    chain.write_bytes(over.issue().pem + over.root.pem)
    return Path(authority.ca_file(directory)), _server(chain), NAME


def lab(directory: Path) -> Made:
    """The laboratory's."""
    authority, chain = LabAuthority(), directory / "chain.pem"
    authority.write(directory / "ca.pem")
    chain.write_bytes(authority.issue())
    return directory / "ca.pem", _server(chain), SERVER_NAME


def web(directory: Path) -> Made:
    """The web server's."""
    authority = WebAuthority(directory)
    return authority.file, _server(*authority.issue("server")), "localhost"


def cluster(directory: Path) -> Made:
    """The Kubernetes cluster's."""
    pki = Pki(directory)
    return pki.authority, _server(*pki.server("apiserver", "127.0.0.1")), "127.0.0.1"


def demo(directory: Path) -> Made:
    """The demo's."""
    authority = DemoAuthority(directory)
    return authority.ca_file, authority.server_context(), "mail.example.org"


@pytest.mark.parametrize("make", [links, lab, web, cluster, demo])
def test_a_strict_client_accepts_it(make: Callable[[Path], Made], tmp_path: Path) -> None:
    """Strict as Python's clients are from 3.13 on, here on every Python."""
    ca_file, context, name = make(tmp_path)
    client = ssl.create_default_context(cafile=str(ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server, incoming, outgoing = Server(context), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.wrap_bio(incoming, outgoing, server_hostname=name)
    while not server.shaken:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            incoming.write(server.answer(outgoing.read()))
        else:
            server.answer(outgoing.read())
