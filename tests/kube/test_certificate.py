"""A certificate that is renewed in its Secret, until the services serve it: the API server's own, TLS for real."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.config.load import parsing
from monitor.config.options import RunOptions
from monitor.core.status import PathStatus
from monitor.daemon.service import Daemon
from monitor.demo.configuration import mailpath_yml
from monitor.demo.mail_path import MailPath, open_mail_path
from tests.kube.cluster import Cluster
from tests.kube.mail_server import install
from tests.kube.objects import tls_secret
from tests.kube.watched import Watched

SECRET = "mail-tls"  # noqa: S105 - a Secret's name
MARK = b"marked-private-key"


@pytest.fixture
async def mail_path(tmp_path: Path) -> AsyncIterator[MailPath]:
    """Give a mail path whose services serve a certificate of this host's making."""
    bugs: list[BaseException] = []
    path = await open_mail_path(tmp_path, lambda _, error: bugs.append(error))
    yield path
    await path.close()
    assert bugs == []


def unserved(status: PathStatus) -> list[str]:
    """Give the messages about a certificate that is not served."""
    wanted = (f"secret/{SECRET}", "certificate_not_served")
    return [each.message for each in status.findings if (each.subject, each.kind) == wanted]


def held(directory: Path) -> bytes:
    """Read the certificate that was issued last."""
    _, begin, rest = (directory / "mail.pem").read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    return begin + rest


async def test_a_renewed_certificate_is_told_until_it_is_served(
    cluster: Cluster, mail_path: MailPath, tmp_path: Path
) -> None:
    """It is drift from the renewal to the restart, by every service's own TLS; the key beside it goes nowhere."""
    await asyncio.to_thread(install, cluster.admin)
    await asyncio.to_thread(cluster.admin.create, tls_secret(SECRET, held(tmp_path), MARK))
    block = f"    kubernetes: {{kubeconfig: {cluster.kubeconfig}, certificate_secret: {SECRET}}}\n"
    text = mailpath_yml(mail_path) + block
    daemon = Daemon(lambda: parsing(text.encode(), ""), RunOptions())
    await daemon.start()
    try:
        watched = Watched(daemon)
        status = await watched.until(_compared)
        assert unserved(status) == []
        renewed = mail_path.authority.server_context()
        await asyncio.to_thread(cluster.admin.apply, tls_secret(SECRET, held(tmp_path), MARK))
        (message,) = unserved(await watched.until(lambda seen: bool(unserved(seen))))
        assert "was renewed, and the services do not serve it yet" in message
        assert 'mailpath_config_drift{kind="certificate_not_served",path="demo",subject="secret/mail-tls"} 1' in (
            watched.metrics
        )
        assert MARK.decode() not in repr(watched.status)
        mail_path.mail_server.tls = renewed
        await watched.until(lambda seen: not unserved(seen))
    finally:
        await daemon.stop()


def _compared(status: PathStatus) -> bool:
    """Tell whether the Secret was read, and every service has shown its certificate."""
    known = status.cluster.current if status.cluster is not None else None
    shown = all(each.last is not None and each.last.tls is not None for each in status.handshakes)
    return known is not None and bool(known.certificates.get(SECRET)) and shown
