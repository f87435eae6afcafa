"""A cluster without machines: etcd and kube-apiserver on loopback, and an administrator's kubeconfig.

Where the binaries are says ``KUBEBUILDER_ASSETS``, as for controller-runtime's envtest.
"""

import http.client
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any, Self

from tests.kube.client import Admin
from tests.kube.objects import namespace
from tests.kube.pki import Pair, Pki
from tests.kube.process import Process

CONTROLLERS = (
    "namespace,serviceaccount,serviceaccount-token,root-ca-cert-publisher,job,cronjob,endpoint,endpointslice,"
    "garbagecollector,replicaset,deployment"
)


class Cluster:
    """One API server with its etcd; ``controllers`` runs kube-controller-manager too."""

    def __init__(self, assets: Path, *, controllers: bool = False) -> None:
        """Prepare; nothing runs before it is entered."""
        self._assets = assets
        self._wants_controllers = controllers
        self._directory = tempfile.TemporaryDirectory(prefix="mailpath-kube-", dir=_in_memory())
        home = Path(self._directory.name)
        self.home = home
        self.pki = Pki(home)
        self.port, self._etcd_port, self._peer_port = free_ports(3)
        administrator = self.pki.client("admin", "system:masters")
        self.kubeconfig = self.write_kubeconfig("admin", {"client": administrator})
        tls = self.pki.trust()
        tls.load_cert_chain(*administrator)
        self.admin = Admin(self.port, tls)
        self.etcd = Process(self._etcd_command(), home / "etcd.log", self._etcd_answers)
        self.api = Process(self._api_command(), home / "kube-apiserver.log", self.admin.ready)
        self.controllers = Process(self._controllers_command(), home / "controllers.log", lambda: True)

    def __enter__(self) -> Self:
        """Start everything."""
        try:
            self.etcd.start()
            self.api.start()
            self.admin.create(namespace())
            if self._wants_controllers:
                self.controllers.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        for process in (self.controllers, self.api, self.etcd):
            process.thaw()
            process.kill()
        self._directory.cleanup()

    def heal(self) -> None:
        """Take back every fault: an API server that is gone or frozen serves again."""
        self.api.thaw()
        if not self.admin.ready():
            self.restart()

    def freeze(self) -> None:
        """Let the API server stand still."""
        self.api.freeze()

    def thaw(self) -> None:
        """Let the API server go on."""
        self.api.thaw()

    def kill(self) -> None:
        """End the API server at once."""
        self.api.kill()

    def restart(self) -> None:
        """Start the API server anew, on the same port."""
        self.api.kill()
        self.api.start()

    def compact(self) -> None:
        """Let etcd forget every version of every object but the present ones."""
        revision = self._etcd("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        self._etcd("/v3/kv/compaction", {"revision": revision, "physical": True})

    def write_kubeconfig(self, name: str, user: dict[str, object]) -> Path:
        """Write a kubeconfig for somebody: ``{"token": …}``, or ``{"client": Pair}``."""
        client = user.get("client")
        if isinstance(client, Pair):
            user = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
        server = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority": str(self.pki.authority)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": "test", "user": name}}],
            "clusters": [{"name": "test", "cluster": server}],
            "users": [{"name": name, "user": user}],
        }
        path = self.home / f"{name}.kubeconfig"
        path.write_text(json.dumps(document))
        return path

    def _program(self, name: str) -> str:
        return str(self._assets / name)

    def _etcd(self, path: str, body: object = None) -> dict[str, Any]:
        """Ask etcd by its gRPC gateway: envtest has no etcdctl."""
        connection = http.client.HTTPConnection("127.0.0.1", self._etcd_port, timeout=20)
        try:
            connection.request("GET" if body is None else "POST", path, json.dumps(body))
            response = connection.getresponse()
            document: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise RuntimeError(f"etcd: HTTP {response.status}: {document}")
        return document

    def _etcd_answers(self) -> bool:
        try:
            return bool(self._etcd("/health")["health"] == "true")
        except (OSError, http.client.HTTPException, RuntimeError):
            return False

    def _etcd_command(self) -> list[str]:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._peer_port))
        return [
            self._program("etcd"),
            f"--data-dir={self.home / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def _api_command(self) -> list[str]:
        serving = self.pki.server("kube-apiserver", "127.0.0.1", "10.96.0.1")
        to_kubelets = self.pki.client("kube-apiserver-kubelet-client", "system:masters")
        accounts = self.pki.account_key()
        return [
            self._program("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            # compaction is the tests' own affair
            "--etcd-compaction-interval=0",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.home}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={self.pki.authority}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",
            "--authorization-mode=Node,RBAC",
            # pods are made here without the account that a controller would have to make first
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={accounts}",
            f"--service-account-signing-key-file={accounts}",
            f"--kubelet-client-certificate={to_kubelets.certificate}",
            f"--kubelet-client-key={to_kubelets.key}",
            f"--kubelet-certificate-authority={self.pki.authority}",
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def _controllers_command(self) -> list[str]:
        return [
            self._program("kube-controller-manager"),
            f"--kubeconfig={self.kubeconfig}",
            f"--root-ca-file={self.pki.authority}",
            f"--service-account-private-key-file={self.home / 'accounts.key'}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_ports(1)[0]}",
            f"--cert-dir={self.home}",
            f"--controllers={CONTROLLERS}",
        ]


def free_ports(count: int) -> list[int]:
    """Give ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _in_memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a private directory within
