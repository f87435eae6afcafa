"""Defaults that depend on other keys."""

import pytest

from monitor.config.sources import KubernetesLog, SshSettings
from tests.config.documents import path


def test_ssh_goes_to_the_edge_itself() -> None:
    """Without a host of its own, SSH goes to the edge's address."""
    default, own = path(
        "edges: [{name: a, ssh: {}}, {name: b, address: '2001:db8::1', ssh: {host: b.example.org}}]"
    ).edges
    assert isinstance(default.ssh, SshSettings)
    assert isinstance(own.ssh, SshSettings)
    assert (default.ssh.host, own.ssh.host) == ("10.0.20.1", "b.example.org")


@pytest.mark.parametrize(
    ("block", "namespace"),
    [
        ("maillog: {kubernetes: {}}", "mailserver"),
        ("maillog: {kubernetes: {}}\nkubernetes: {namespace: mail}", "mail"),
        ("maillog: {kubernetes: {namespace: logs}}\nkubernetes: {namespace: mail}", "logs"),
    ],
)
def test_the_mail_log_is_in_the_mail_server_s_namespace(block: str, namespace: str) -> None:
    """A namespace of its own wins, then that of the kubernetes block, then the default."""
    maillog = path(block).maillog
    assert maillog is not None
    assert isinstance(maillog.source, KubernetesLog)
    assert maillog.source.namespace == namespace


def test_a_dropped_service_is_not_required() -> None:
    """Where nobody wrote what health requires, a dropped service is not part of it."""
    assert path("services: {imaps: null}").healthz.require.services == ("smtp", "submission")
    assert path("checks: {}").healthz.require.services == ("smtp", "submission", "imaps")
