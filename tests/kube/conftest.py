"""One real API server for all tests of this room; left out by name where no binaries are given."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kube.client import Admin
from tests.kube.cluster import Cluster
from tests.kube.kubelet import Kubelet

ASSETS = os.environ.get("KUBEBUILDER_ASSETS")

if not ASSETS:
    collect_ignore_glob = ["test_*.py"]

_KINDS = ("Job", "CronJob", "Deployment", "Pod", "EndpointSlice", "Service", "ConfigMap", "Secret", "Lease")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if not ASSETS:
        words = "left out: tests/kube (KUBEBUILDER_ASSETS is not set; make test-kube builds and runs them)"
        terminalreporter.write_line(words)


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[Cluster]:
    """Give the shared cluster; a binary that is missing is an error."""
    if not ASSETS:  # a file of this room that was named on the command line
        pytest.skip("KUBEBUILDER_ASSETS is not set")
    with Cluster(Path(ASSETS)) as running:
        yield running


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    """Give the shared cluster without objects; every fault is taken back afterwards."""
    yield shared_cluster
    shared_cluster.heal()
    for kind in _KINDS:
        shared_cluster.admin.delete_all(kind)
    shared_cluster.admin.delete_all("Node")


@pytest.fixture
def admin(cluster: Cluster) -> Admin:
    """Give the administrator of the shared cluster."""
    return cluster.admin


@pytest.fixture
async def kubelet(cluster: Cluster) -> AsyncIterator[Kubelet]:
    """Give the stand-in for a kubelet, and its Node ``k8s-node1``."""
    async with Kubelet(cluster) as running:
        yield running
