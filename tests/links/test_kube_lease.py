"""The elector: leads while it can renew, stops by itself when it cannot, gives the Lease back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_candidate import LeaseTiming
from monitor.links.kube_lease import LeaseElector, new_identity
from tests.links.kube_server import KubeServer
from tests.waiting import until

FAST = LeaseTiming(duration=2.0, renew_deadline=1.2, retry_period=0.25)
WALL = 1772359202.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[KubeServer]:
    """Give an API server without any Lease."""
    async with KubeServer(tmp_path) as running:
        yield running


class Replica:
    """An elector and what it told."""

    def __init__(self, server: KubeServer, identity: str) -> None:
        """Do not run yet."""
        self.told: list[bool] = []
        self.failures: list[LinkError] = []
        self.elector = LeaseElector(
            "mailserver",
            "mailpath",
            identity,
            FAST,
            wall_clock=lambda: WALL,
            on_change=self.told.append,
            on_failure=self.failures.append,
            kubeconfig=server.kubeconfig,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[LeaseElector]:
        """Compete while the context lasts, and give the Lease back."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.elector.run())
            try:
                yield self.elector
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                await self.elector.release()


def holder(server: KubeServer) -> object:
    """Give the name in the Lease."""
    return server.leases["mailpath"]["spec"]["holderIdentity"]


async def test_the_first_one_leads_and_renews(server: KubeServer) -> None:
    """It makes the Lease, leads, and renews it by one request each time."""
    replica = Replica(server, "a")
    async with replica.running() as elector:
        await until(lambda: elector.leading)
        assert holder(server) == "a"
        requests = len(server.requests)
        writes = server.writes
        await until(lambda: server.writes >= writes + 3)
        assert len(server.requests) - requests <= server.writes - writes + 1
        assert replica.told == [True]
        assert elector.failure is None


async def test_the_second_one_waits_and_takes_over_at_once_when_the_first_gives_back(server: KubeServer) -> None:
    """While one leads the other does not; a release is an empty holder, and needs no waiting for the duration."""
    first, second = Replica(server, "a"), Replica(server, "b")
    async with contextlib.AsyncExitStack() as later:
        async with first.running() as leader:
            await until(lambda: leader.leading)
            waiting = await later.enter_async_context(second.running())
            requests = len(server.requests)
            await until(lambda: len(server.requests) > requests + 8)
            assert (leader.leading, waiting.leading) == (True, False)
        assert not leader.leading
        begun = asyncio.get_running_loop().time()
        await until(lambda: waiting.leading)
        assert asyncio.get_running_loop().time() - begun < FAST.duration / 2
        assert holder(server) == "b"
    assert holder(server) == ""
    assert server.leases["mailpath"]["spec"]["leaseTransitions"] == 1


async def test_a_leader_without_the_api_stops_in_time_and_comes_back(server: KubeServer) -> None:
    """With an API server that hangs, leading ends before the lease does; with one that is back, it begins again."""
    replica = Replica(server, "a")
    async with replica.running() as elector:
        await until(lambda: elector.leading)
        loop = asyncio.get_running_loop()
        server.deaf = True
        renewed = loop.time()
        await until(lambda: not elector.leading)
        assert loop.time() - renewed < FAST.duration
        await until(lambda: replica.told == [True, False])
        assert elector.failure is not None
        assert elector.failure.reason is Reason.TIMEOUT
        server.deaf = False
        await until(lambda: elector.leading)
    assert replica.told == [True, False, True]


async def test_whoever_is_overwritten_stops_at_its_next_request(server: KubeServer) -> None:
    """A write that meets another's (409) ends leading at once."""
    replica = Replica(server, "a")
    async with replica.running() as elector:
        await until(lambda: elector.leading)
        server.leases["mailpath"]["metadata"]["resourceVersion"] = "by hand"
        server.leases["mailpath"]["spec"] = {"holderIdentity": "b", "leaseDurationSeconds": 60}
        await until(lambda: replica.told == [True, False])
        await until(lambda: elector.failure is None)
        assert not elector.leading
    assert holder(server) == "b"


async def test_a_deleted_lease_is_lost_and_made_anew(server: KubeServer) -> None:
    """A leader whose Lease was deleted stops, and makes another."""
    replica = Replica(server, "a")
    async with replica.running() as elector:
        await until(lambda: elector.leading)
        server.leases.clear()
        await until(lambda: replica.told == [True, False, True])
        assert holder(server) == "a"
        assert elector.leading


@pytest.mark.parametrize("status", [403, 429, 500])
async def test_refusals_are_told_and_outlived(server: KubeServer, status: int) -> None:
    """What RBAC forbids, and what the API cannot do now, is the failure; the next attempt may succeed."""
    server.faults["/mailpath"] = (status, "not now")
    replica = Replica(server, "a")
    async with replica.running() as elector:
        refused = f"HTTP {status}: not now"
        await until(lambda: len(server.requests) > 3 and replica.failures[-1].detail == refused)
        told = [each.detail for each in replica.failures]
        # a busy machine may answer too late between two refusals: that is told, and the next refusal again
        assert all(before != after for before, after in pairwise(told))
        server.faults.clear()
        await until(lambda: elector.leading)


async def test_a_release_without_the_api_is_given_up(server: KubeServer) -> None:
    """Ending does not wait for an API server that hangs longer than for one request."""
    replica = Replica(server, "a")
    async with replica.running() as elector:
        await until(lambda: elector.leading)
        server.deaf = True
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < FAST.duration
    assert not elector.leading


async def test_whoever_never_claimed_asks_nothing_at_its_end(server: KubeServer) -> None:
    """A replica that only ever waited leaves without a request."""
    server.leases["mailpath"] = {
        "metadata": {"name": "mailpath", "resourceVersion": "0"},
        "spec": {"holderIdentity": "b", "leaseDurationSeconds": 60},
    }
    replica = Replica(server, "a")
    async with replica.running():
        await until(lambda: len(server.requests) > 1)
    assert holder(server) == "b"
    assert replica.told == []


def test_identities_differ() -> None:
    """Two processes in one pod, one after the other, are two candidates."""
    assert new_identity() != new_identity()
