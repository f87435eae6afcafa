"""TLS of the web server: real handshakes, certificates renewed under way."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from monitor.core.errors import ConfigError
from monitor.publish.listen import ListenAddress, serving
from monitor.publish.tls import server_context
from monitor.publish.web_config import TlsSettings
from tests.publish.certificates import Authority

HERE = (ListenAddress("127.0.0.1", 0),)


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def client_of(authority: Authority) -> ssl.SSLContext:
    """Give a context that trusts the authority."""
    return ssl.create_default_context(cafile=str(authority.file))


async def name_shown(port: int, context: ssl.SSLContext) -> str:
    """Make a handshake and a request; give the common name of the certificate that was shown."""
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        certificate = writer.get_extra_info("peercert")
        writer.close()
    if not answer:
        raise ConnectionResetError("the server hung up")
    return str(certificate["subject"][0][0][1])


async def test_a_renewed_certificate_is_shown_at_the_next_handshake(authority: Authority) -> None:
    """No restart, no reload; and while the new files are incomplete the old certificate serves on."""
    settings = TlsSettings(*authority.issue("first"))
    async with serving(web.Application(), HERE, server_context(settings)) as (address,):
        client = client_of(authority)
        assert await name_shown(address.port, client) == "first"
        settings.key_file.write_text("half a key")
        assert await name_shown(address.port, client) == "first"
        authority.issue("second")
        assert await name_shown(address.port, client) == "second"
        settings.cert_file.unlink()
        assert await name_shown(address.port, client) == "second"


async def test_clients_must_show_a_certificate_where_it_is_required(authority: Authority) -> None:
    """RequireAndVerifyClientCert lets nobody in without one."""
    files = authority.issue("server")
    settings = TlsSettings(*files, authority.file, ssl.CERT_REQUIRED)
    async with serving(web.Application(), HERE, server_context(settings)) as (address,):
        stranger, friend = client_of(authority), client_of(authority)
        friend.load_cert_chain(*files)
        assert await name_shown(address.port, friend) == "server"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await name_shown(address.port, stranger)


def test_old_versions_are_not_spoken(authority: Authority) -> None:
    """TLS 1.2 is the least."""
    assert server_context(TlsSettings(*authority.issue("server"))).minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_that_hold_no_certificate_are_the_operators_fault(tmp_path: Path) -> None:
    """Garbage instead of PEM is told at the start, with its place."""
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"garbage\.pem: no usable certificate and key"):
        server_context(TlsSettings(garbage, garbage))
