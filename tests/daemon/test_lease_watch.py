"""Two replicas and one Lease: one does everything, the other stands by, warm; and they change places."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from monitor.daemon.service import Daemon
from tests import kinds
from tests.daemon.running import running
from tests.links.kube_server import KubeServer
from tests.waiting import until

TEMPLATE = """
paths:
  - name: home
    nodes: {{static: [{{name: a, address: 127.0.0.1}}]}}
    tls: {{server_name: mail.example.org}}
    checks: {{interval: 500ms, timeout: 5s, rise: 1, fall: 1}}
    handshakes: {{interval: 500ms, fast_interval: 500ms, timeout: 5s, fall: 1, client_rate_limit: null}}
    kubernetes: {{kubeconfig: {kubeconfig}, lease: {lease}}}
"""
STEADY = "{duration: 30s, renew_deadline: 20s, retry_period: 3s}"
"""Nobody loses it because a machine is busy."""
FAST = "{duration: 4s, renew_deadline: 2s, retry_period: 1s}"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[KubeServer]:
    """Give an API server without any Lease."""
    async with KubeServer(tmp_path) as made:
        yield made


def elect(file: Path, server: KubeServer, lease: str = STEADY) -> None:
    """Write a configuration with this election."""
    file.write_text(TEMPLATE.format(kubeconfig=server.kubeconfig, lease=lease))


@pytest.fixture
def file(server: KubeServer, tmp_path: Path) -> Path:
    """Give a configuration with an election."""
    made = tmp_path / "mailpath.yml"
    elect(made, server)
    return made


def probed(daemon: Daemon) -> set[str]:
    """Give the kinds of probe that have a series."""
    text = daemon.metrics.snapshot(daemon.statuses()).expose("text/plain", "").body.decode()
    lines = [line for line in text.splitlines() if line.startswith("mailpath_probes_total{")]
    return {line.partition('probe="')[2].partition('"')[0] for line in lines}


def leads(daemon: Daemon) -> bool:
    """Tell whether a daemon was elected."""
    return daemon.statuses()[0].elected is True


async def test_one_of_two_does_the_handshakes(file: Path) -> None:
    """The standby checks, and has no series of what it does not do; when the leader ends it takes over at once."""
    async with AsyncExitStack() as stack:
        async with running(file) as first:
            await until(lambda: leads(first))
            await until(lambda: any(s.up is False for s in first.statuses()[0].handshakes))
            second = await stack.enter_async_context(running(file))
            await until(second.ready)
            assert not leads(second)
            assert second.statuses()[0].handshakes == ()
            assert any(s.up is False for s in second.statuses()[0].checks)
            assert {kinds.HANDSHAKE, kinds.RELAY_CANARY} <= probed(first)
            assert not {kinds.HANDSHAKE, kinds.RELAY_CANARY, kinds.IPV6_HEADER} & probed(second)
            assert kinds.CHECK in probed(second)
            with pytest.raises(LookupError, match="this replica stands by"):
                await second.probe("home", "a", "smtp")
        await until(lambda: leads(second))
        await until(lambda: any(s.up is False for s in second.statuses()[0].handshakes))
        assert kinds.HANDSHAKE in probed(second)


async def test_a_leader_that_loses_the_api_stands_by(server: KubeServer, file: Path) -> None:
    """Without the API no replica does handshakes: another one may hold the Lease by now."""
    elect(file, server, FAST)
    async with running(file) as daemon:
        await until(lambda: leads(daemon))
        server.deaf = True
        await until(lambda: daemon.statuses()[0].elected is False)
        assert daemon.statuses()[0].handshakes == ()
        assert kinds.HANDSHAKE not in probed(daemon)
        server.deaf = False
        await until(lambda: leads(daemon))
        assert daemon.statuses()[0].handshakes


async def test_a_reload_begins_and_ends_an_election(server: KubeServer, file: Path) -> None:
    """Without a Lease in the configuration every replica does everything; an election that stays is not disturbed."""
    async with running(file) as daemon:
        await until(lambda: leads(daemon))
        holder = server.leases["mailpath"]["spec"]["holderIdentity"]
        await daemon.reload()
        assert leads(daemon)
        assert server.leases["mailpath"]["spec"]["holderIdentity"] == holder
        elect(file, server, "null")
        await daemon.reload()
        assert daemon.statuses()[0].elected is None
        assert daemon.statuses()[0].handshakes
        assert server.leases["mailpath"]["spec"]["holderIdentity"] == ""
        elect(file, server)
        await daemon.reload()
        await until(lambda: leads(daemon))
        assert server.leases["mailpath"]["spec"]["holderIdentity"] not in {"", holder}
