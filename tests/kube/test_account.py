"""The Pod's own account: its token is renewed in its file, and a refused one is not used for ever."""

import asyncio
from functools import partial
from pathlib import Path

import kubernetes_asyncio.config
import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_api import KubeApi
from tests.kube.client import Admin
from tests.kube.cluster import Cluster

VERSION = "/version"
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": "mailserver"}}


@pytest.fixture
def token_file(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a Pod of the cluster, whose token stands in a file that can be written."""
    file = tmp_path / "token"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.port))
    load = partial(
        kubernetes_asyncio.config.load_incluster_config,
        token_filename=str(file),
        cert_filename=str(cluster.pki.authority),
    )
    monkeypatch.setattr(kubernetes_asyncio.config, "load_incluster_config", load)
    return file


def token(admin: Admin) -> str:
    """Ask for a token of the account."""
    admin.apply(ACCOUNT)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = "/api/v1/namespaces/mailserver/serviceaccounts/reader/token"
    return str(admin.call("POST", path, request)["status"]["token"])


async def failure(api: KubeApi) -> LinkError:
    """Give the error of a request."""
    with pytest.raises(LinkError) as caught:
        await api.get(VERSION)
    return caught.value


async def test_a_refused_token_is_read_anew_after_hanging_up(token_file: Path, admin: Admin) -> None:
    """Whoever hangs up after an error, as all do here, has the renewed token at once, and not a minute later."""
    await asyncio.to_thread(token_file.write_text, "expired")
    api = KubeApi(None, timeout=5.0)
    try:
        assert (await failure(api)).reason is Reason.AUTH_FAILED
        await asyncio.to_thread(lambda: token_file.write_text(token(admin)))
        await api.close()
        assert (await api.get(VERSION))["major"] == "1"
    finally:
        await api.close()


@pytest.mark.parametrize("text", ["", "two\nlines\n"])
async def test_a_token_file_that_holds_none_is_told(token_file: Path, text: str, admin: Admin) -> None:
    """A token that is empty, or that is no header's value, is an error in words, and heals."""
    await asyncio.to_thread(token_file.write_text, text)
    api = KubeApi(None, timeout=5.0)
    try:
        error = await failure(api)
        assert error.reason is Reason.API_ERROR
        assert "two" not in error.detail
        await asyncio.to_thread(lambda: token_file.write_text(token(admin)))
        await api.close()
        assert (await api.get(VERSION))["major"] == "1"
    finally:
        await api.close()
