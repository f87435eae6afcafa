"""A real API server with what the runbook's cluster holds, where there are binaries of one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.kube.cluster import Cluster
from tests.kube.mail_server import USER_PATCHES
from tests.kube.objects import (
    config_map,
    cronjob,
    deployment,
    endpoint_slice,
    internal_service,
    node,
    pod,
    proxy_service,
)

# Where tools/envtest.sh has put them, unless the environment says otherwise.
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "mailpath" / "envtest"
# Nobody but our own host has it: the daemon asks the pod's ports, and must not ask a stranger's.
POD_ADDRESS = "127.0.0.7"


@contextmanager
def api_server() -> Iterator[Cluster | None]:
    """Run etcd and kube-apiserver until the block ends; ``None`` where there are none."""
    assets = Path(os.environ.get("KUBEBUILDER_ASSETS") or CACHE)
    if not (assets / "kube-apiserver").exists():
        yield None
        return
    with Cluster(assets) as cluster:
        yield cluster


def install(cluster: Cluster, nodes: Mapping[str, str]) -> None:
    """Make the runbook's mail server, and nodes by their names and addresses."""
    admin = cluster.admin
    for name, address in nodes.items():
        admin.create(node(name, address))
    patches = config_map("mailserver-user-patches", {"user-patches.sh": USER_PATCHES})
    parts = (deployment(), pod(address=POD_ADDRESS), proxy_service(), internal_service(), endpoint_slice(), patches)
    for part in (*parts, cronjob()):
        admin.create(part)
