"""Commands in a container through a real API server: output, exit code, refusals, what hangs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import kube_exec
from monitor.links.kube_exec import KubeExec
from tests.kube.cluster import Cluster
from tests.kube.kubelet import Answer, Kubelet
from tests.kube.objects import pod

POD = "/api/v1/namespaces/mailserver/pods/mailserver-5d8f7c9b6-x2v4q"
CONTAINER = "docker-mailserver"


@pytest.fixture
async def api(cluster: Cluster, kubelet: Kubelet) -> AsyncIterator[KubeExec]:
    """Give a client, and a pod that runs on the kubelet's node."""
    assert kubelet.name == "k8s-node1"
    await asyncio.to_thread(cluster.admin.create, pod())
    made = KubeExec(cluster.kubeconfig, timeout=3.0)
    yield made
    await made.close()


async def _failure(api: KubeExec, *command: str, where: str = POD) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await api.run(where, CONTAINER, command)
    return caught.value


async def test_output_comes_whole(api: KubeExec, kubelet: Kubelet) -> None:
    """Standard output alone, over many frames, cut in the middle of characters."""
    output = "LISTEN 0 100 *:2525 *:* ü\n".encode() * 2000
    kubelet.answers["ss", "-ltn"] = Answer(output, b"a warning")
    assert await api.run(POD, CONTAINER, ("ss", "-ltn")) == output


async def test_a_command_that_fails_tells_why(api: KubeExec) -> None:
    """The exit code and standard error are in the detail."""
    error = await _failure(api, "ss", "-ltn")
    assert error.reason is Reason.COMMAND_FAILED
    assert error.detail == "command terminated with non-zero exit code: exit status 127: ss: not found"


async def test_a_pod_that_is_not_there(api: KubeExec) -> None:
    """The API refuses to open the stream."""
    assert (await _failure(api, "true", where=f"{POD}-gone")).reason is Reason.NOT_FOUND


async def test_nobody_may_without_being_allowed(cluster: Cluster, api: KubeExec) -> None:
    """Exec needs a right of its own."""
    nobody = KubeExec(cluster.write_kubeconfig("nobody", {"client": cluster.pki.client("nobody")}), timeout=3.0)
    assert (await _failure(nobody, "true")).reason is Reason.PERMISSION_DENIED
    await nobody.close()
    assert api is not nobody


async def test_a_command_without_an_end(api: KubeExec, kubelet: Kubelet) -> None:
    """What hangs costs the timeout."""
    kubelet.answers["cat",] = Answer(reads=True)
    assert (await _failure(api, "cat")).reason is Reason.TIMEOUT


async def test_output_is_bounded(api: KubeExec, kubelet: Kubelet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endless output is given up."""
    monkeypatch.setattr(kube_exec, "OUTPUT_LIMIT", 1000)
    kubelet.answers["yes",] = Answer(b"y\n" * 10_000)
    assert (await _failure(api, "yes")).reason is Reason.TOO_LARGE
