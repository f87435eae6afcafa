"""An administrator's view of the API server: objects made, changed and deleted, each call at once."""

import http.client
import json
import ssl
from typing import Any

Document = dict[str, Any]

_GROUPS = {
    "Node": "/api/v1/nodes",
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/namespaces/{}/services",
    "Pod": "/api/v1/namespaces/{}/pods",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}
NAMESPACE = "mailserver"


class RefusedError(Exception):
    """The API server did not do as it was told."""

    def __init__(self, status: int, body: bytes) -> None:
        """Keep the status and the server's words."""
        self.status = status
        super().__init__(f"HTTP {status}: {body[:2000].decode(errors='replace')}")


class Admin:
    """Speaks to one API server, a connection for each call."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        """Take the server's port and a context with the administrator's certificate."""
        self._port = port
        self._tls = tls

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Document:
        """Do one request.

        Raises:
            OSError: Nobody answers within ten seconds.
            RefusedError: The status is none of success.
        """
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._tls)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": kind, "Accept": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RefusedError(response.status, answer)
        document: Document = json.loads(answer) if answer.startswith(b"{") else {"text": answer.decode()}
        return document

    def ready(self) -> bool:
        """Tell whether the server serves."""
        try:
            return bool(self.call("GET", "/readyz")["text"] == "ok")
        except (OSError, http.client.HTTPException, RefusedError):
            return False

    def create(self, document: Document) -> Document:
        """Make an object; its status, where it has one, is set too."""
        made = self.call("POST", self.place(document["kind"], _namespace(document)), document)
        if "status" in document:
            return self.patch_status(document["kind"], document["metadata"]["name"], document["status"])
        return made

    def apply(self, document: Document) -> Document:
        """Make an object, or change it where it is there already."""
        try:
            return self.create(document)
        except RefusedError as refused:
            if refused.status != http.client.CONFLICT:
                raise
        name = document["metadata"]["name"]
        if "status" in document:
            self.patch_status(document["kind"], name, document["status"])
        return self.patch(document["kind"], name, {key: value for key, value in document.items() if key != "status"})

    def get(self, kind: str, name: str, namespace: str = NAMESPACE) -> Document:
        """Read an object."""
        return self.call("GET", f"{self.place(kind, namespace)}/{name}")

    def patch(self, kind: str, name: str, change: Document, namespace: str = NAMESPACE) -> Document:
        """Merge a change into an object."""
        return self.call("PATCH", f"{self.place(kind, namespace)}/{name}", change, "application/merge-patch+json")

    def patch_status(self, kind: str, name: str, status: Document, namespace: str = NAMESPACE) -> Document:
        """Merge a change into an object's status, as kubelet and controllers do."""
        place = f"{self.place(kind, namespace)}/{name}/status"
        return self.call("PATCH", place, {"status": status}, "application/merge-patch+json")

    def delete(self, kind: str, name: str, namespace: str = NAMESPACE) -> None:
        """Delete an object, at once, as nobody would end its containers."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
        # A Job would stay until the garbage collector, which does not run here, had made orphans of its Pods.
        options["propagationPolicy"] = "Background"
        self.call("DELETE", f"{self.place(kind, namespace)}/{name}", options)

    def names(self, kind: str, namespace: str = NAMESPACE) -> list[str]:
        """Give the names of all objects of a kind."""
        items = self.call("GET", self.place(kind, namespace))["items"]
        return [item["metadata"]["name"] for item in items]

    def delete_all(self, kind: str, namespace: str = NAMESPACE) -> None:
        """Delete every object of a kind."""
        for name in self.names(kind, namespace):
            self.delete(kind, name, namespace)

    @staticmethod
    def place(kind: str, namespace: str = NAMESPACE) -> str:
        """Give the path of a kind's objects."""
        return _GROUPS[kind].format(namespace)


def _namespace(document: Document) -> str:
    return str(document["metadata"].get("namespace", NAMESPACE))
