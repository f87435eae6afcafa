"""kubernetes-asyncio without its models: the HTTP client and the finding of cluster, certificates and token.

Its package files import every API and every model of Kubernetes, 850 modules, 35 MiB and half a second, and whoever
imports one submodule runs them. What is used here speaks JSON and needs none of them. So the three packages are entered
without their files being run; then their submodules come one by one, as they are needed: 3 MiB, 40 ms.
"""

import importlib.util
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType

    from kubernetes_asyncio.client.api_client import ApiClient
    from kubernetes_asyncio.client.configuration import Configuration

_PACKAGES = ("kubernetes_asyncio", "kubernetes_asyncio.client", "kubernetes_asyncio.client.models")


class KubeLibrary(NamedTuple):
    """What is used of it."""

    ApiClient: "type[ApiClient]"
    Configuration: "type[Configuration]"
    config: "ModuleType"


def kube_library() -> KubeLibrary:
    """Import it, where that has not been done; a program that has imported all of it loses nothing."""
    for name in _PACKAGES:
        if name not in sys.modules:
            _enter(name)
    from kubernetes_asyncio.client.api_client import ApiClient  # noqa: PLC0415 - only once the packages are entered
    from kubernetes_asyncio.client.configuration import Configuration  # noqa: PLC0415

    # ``config`` takes both from the package.
    client = sys.modules["kubernetes_asyncio.client"]
    vars(client).update(ApiClient=ApiClient, Configuration=Configuration)
    from kubernetes_asyncio import config  # noqa: PLC0415

    return KubeLibrary(ApiClient, Configuration, config)


def _enter(name: str) -> None:
    """Make a package known without running its file."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(name)
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, package)
