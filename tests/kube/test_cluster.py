"""The test cluster itself: a real API server that can be killed, frozen, restarted; a kubelet that it reaches."""

import asyncio

import pytest

from tests.kube.client import Admin, RefusedError
from tests.kube.cluster import Cluster
from tests.kube.kubelet import Answer, Kubelet, Line
from tests.kube.objects import (
    config_map,
    cronjob,
    deployment,
    endpoint_slice,
    internal_service,
    job,
    node,
    pod,
    proxy_service,
)

POD = "mailserver-5d8f7c9b6-x2v4q"
LOG = f"/api/v1/namespaces/mailserver/pods/{POD}/log"


def test_the_runbooks_objects_are_taken(admin: Admin) -> None:
    """Every builder's object is one that the real API server accepts."""
    admin.create(node("k8s-node1", "10.0.20.101"))
    admin.create(proxy_service())
    admin.create(internal_service())
    admin.create(endpoint_slice())
    admin.create(pod())
    admin.create(deployment())
    admin.create(config_map("mailserver-user-patches", {"user-patches.sh": "#!/bin/bash\n"}))
    owner = admin.create(cronjob())
    admin.create(job("email-roundtrip-monitor-1", owner, {"succeeded": 1}))
    assert admin.get("Pod", POD)["status"]["phase"] == "Running"
    assert admin.get("Service", "mailserver-proxy")["spec"]["ports"][0]["nodePort"] == 30125


def test_it_comes_back(cluster: Cluster) -> None:
    """Killed, it refuses; frozen, it is silent; restarted or thawed, it serves what it held."""
    cluster.admin.create(node("k8s-node1", "10.0.20.101"))
    cluster.kill()
    assert not cluster.admin.ready()
    cluster.restart()
    cluster.compact()
    assert cluster.admin.names("Node") == ["k8s-node1"]


async def test_logs_come_from_the_kubelet(kubelet: Kubelet, admin: Admin) -> None:
    """The API server fetches a container's log, stamped, from a second on, its tail, or of the instance before."""
    admin.create(pod())
    old, log = kubelet.start(POD), kubelet.start(POD)
    await old.write(Line("2026-03-01T09:59:59.000000001Z", b"old"))
    await log.write(*(Line(f"2026-03-01T10:00:0{second}.000000001Z", b"line %d" % second) for second in range(3)))

    async def read(query: str) -> str:
        return str((await asyncio.to_thread(admin.call, "GET", f"{LOG}?{query}"))["text"])

    assert await read("tailLines=1") == "line 2\n"
    assert await read("previous=true&timestamps=true") == "2026-03-01T09:59:59.000000001Z old\n"
    assert (await read("sinceTime=2026-03-01T10:00:01Z")).splitlines() == ["line 1", "line 2"]
    with pytest.raises(RefusedError, match="404"):
        await asyncio.to_thread(admin.call, "GET", LOG.replace(POD, "nobody"))


async def test_commands_run_at_the_kubelet(kubelet: Kubelet, admin: Admin) -> None:
    """An exec reaches the kubelet, and comes back with output and status on their channels."""
    import aiohttp  # noqa: PLC0415 - the one test that speaks WebSocket itself

    admin.create(pod())
    kubelet.answers["ss", "-ltn"] = Answer(b"LISTEN", b"", 0)
    tls = kubelet.cluster.pki.trust()
    tls.load_cert_chain(kubelet.cluster.home / "admin.crt", kubelet.cluster.home / "admin.key")
    url = (
        f"https://127.0.0.1:{kubelet.cluster.port}/api/v1/namespaces/mailserver/pods/{POD}/exec"
        "?container=docker-mailserver&command=ss&command=-ltn&stdout=true&stderr=true"
    )
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=["v4.channel.k8s.io"], ssl=tls) as socket,
    ):
        frames = [message.data async for message in socket]
    assert b"\x01LISTEN" in frames
    assert any(frame[:1] == b"\x03" and b"Success" in frame for frame in frames)
