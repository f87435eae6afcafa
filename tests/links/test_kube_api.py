"""The Kubernetes client: statuses looked at, waits bounded, errors in our own words."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import kube_api
from monitor.links.kube_api import KubeApi, StatusError
from tests.links.kube_server import LEASES, KubeServer, Pod, stamped

PODS = "/api/v1/namespaces/mailserver/pods"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[KubeServer]:
    """Give an API server that listens."""
    async with KubeServer(tmp_path) as running:
        yield running


@pytest.fixture
async def api(server: KubeServer) -> AsyncIterator[KubeApi]:
    """Give a client of it."""
    client = KubeApi(server.kubeconfig, timeout=5.0)
    yield client
    await client.close()


async def _failure(api: KubeApi, path: str = PODS) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await api.get(path)
    return caught.value


async def test_a_document_is_fetched_with_the_token(server: KubeServer, api: KubeApi) -> None:
    """The kubeconfig's address and token are used, and the query is passed on."""
    server.pods.append(Pod("mail-1"))
    document = await api.get(PODS, [("labelSelector", "app=mailserver")])
    assert document["items"][0]["metadata"]["name"] == "mail-1"
    assert server.requests == [(PODS, {"labelSelector": "app=mailserver"}, "Bearer lab-token")]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.AUTH_FAILED),
        (403, Reason.PERMISSION_DENIED),
        (404, Reason.NOT_FOUND),
        (400, Reason.API_ERROR),
        (409, Reason.API_ERROR),
        (410, Reason.API_ERROR),
        (429, Reason.API_ERROR),
        (500, Reason.API_ERROR),
        (503, Reason.API_ERROR),
    ],
)
async def test_statuses_have_their_reasons(server: KubeServer, api: KubeApi, status: int, reason: Reason) -> None:
    """Each refusal is told by its reason and in the server's own words, for documents and streams."""
    server.faults["/pods"] = (status, "because I say so")
    error = await _failure(api)
    assert (error.reason, error.detail) == (reason, f"HTTP {status}: because I say so")
    with pytest.raises(StatusError) as caught:
        await api.stream(PODS)
    assert (caught.value.reason, caught.value.status) == (reason, status)


async def test_documents_are_written_over_what_was_read(server: KubeServer, api: KubeApi) -> None:
    """A document is made, then replaced; whoever writes over what it has not read is refused as a conflict."""
    made = await api.create(LEASES, {"metadata": {"name": "mailpath"}, "spec": {"holderIdentity": "a"}})
    assert made["metadata"]["resourceVersion"] == "1"
    assert (await api.replace(f"{LEASES}/mailpath", {**made, "spec": {}}))["spec"] == {}
    for again in (api.create(LEASES, made), api.replace(f"{LEASES}/mailpath", made)):
        with pytest.raises(StatusError) as caught:
            await again
        assert caught.value.status == 409
    assert server.leases["mailpath"]["spec"] == {}


async def test_a_server_that_never_answers_is_a_timeout(server: KubeServer) -> None:
    """An API server that hangs costs the timeout, not the daemon."""
    server.deaf = True
    api = KubeApi(server.kubeconfig, timeout=0.1)
    assert (await _failure(api)).reason is Reason.TIMEOUT
    await api.close()


async def test_a_server_that_is_gone_is_refused(server: KubeServer, api: KubeApi) -> None:
    """An API server that is down is refused, and used again when it is back."""
    await server.__aexit__()
    assert (await _failure(api)).reason is Reason.REFUSED
    async with server:
        assert (await api.get(PODS))["items"] == []


async def test_a_stream_that_breaks_is_closed(server: KubeServer, api: KubeApi) -> None:
    """A followed log that breaks off in the middle is an error, not an end."""
    pod = Pod("mail-1")
    server.pods.append(pod)
    await pod.log.write(stamped(1, 0, "line"))
    stream = await api.stream(f"{PODS}/mail-1/log", [("follow", "true")])
    assert await stream.read(4096) == stamped(1, 0, "line")
    server.break_off()
    with pytest.raises(LinkError) as caught:
        await stream.read(4096)
    assert caught.value.reason in {Reason.CLOSED, Reason.RESET}
    stream.close()


async def test_documents_are_bounded(server: KubeServer, api: KubeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document beyond the limit is given up."""
    monkeypatch.setattr(kube_api, "DOCUMENT_LIMIT", 100)
    server.pods.append(Pod("mail-1"))
    assert (await _failure(api)).reason is Reason.TOO_LARGE


async def _raw(tmp_path: Path, answer: bytes) -> LinkError:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listener, KubeServer(tmp_path) as other:
        text = other.kubeconfig.read_text()
        port = listener.sockets[0].getsockname()[1]
        start, _, rest = text.partition("http://127.0.0.1:")
        other.kubeconfig.write_text(f"{start}http://127.0.0.1:{port}{rest.lstrip('0123456789')}")
        api = KubeApi(other.kubeconfig, timeout=5.0)
        try:
            return await _failure(api)
        finally:
            await api.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", Reason.CLOSED),
        (b"220 mail.example.org ESMTP\r\n", Reason.API_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", Reason.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot json!", Reason.API_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", Reason.API_ERROR),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 7\r\n\r\nnot me!", Reason.API_ERROR),
    ],
)
async def test_answers_that_are_none(tmp_path: Path, answer: bytes, reason: Reason) -> None:
    """Something else on that port, a proxy that fails, half an answer: each is a link error."""
    assert (await _raw(tmp_path, answer)).reason is reason


@pytest.mark.parametrize("content", [None, "", "{", "[]", "current-context: x\n"])
async def test_a_bad_kubeconfig_is_named(tmp_path: Path, content: str | None) -> None:
    """A kubeconfig that is missing or makes no sense is told by name."""
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    error = await _failure(KubeApi(path, timeout=5.0))
    assert error.reason is (Reason.NOT_FOUND if content is None else Reason.LOCAL_ERROR)
    assert error.detail.startswith(f"kubeconfig {path}: ")


async def test_a_pod_without_an_account_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a cluster, but without the service account's token, the error tells what is missing."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    error = await _failure(KubeApi(None, timeout=5.0))
    assert error.reason is Reason.API_ERROR
    assert "ervice" in error.detail


def test_the_client_is_imported_only_for_a_request() -> None:
    """Whoever has no cluster does not pay for its client."""
    code = "import sys, monitor.links.kube_log; sys.exit(bool({'kubernetes_asyncio', 'aiohttp'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0
