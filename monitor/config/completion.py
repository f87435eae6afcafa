"""Defaults that depend on other keys: filled in here, so that nobody downstream has to know them."""

from collections.abc import Container

from msgspec.structs import replace

from monitor.config.roundtrip import RoundtripSettings
from monitor.config.services import complete_services
from monitor.config.settings import PathSettings, Settings
from monitor.config.sources import EdgeSettings, KubernetesSettings, SshSettings


def complete(settings: Settings, given: Container[str]) -> Settings:
    """Fill in what depends on other keys; ``given`` are the key paths that stand in the file."""
    return replace(
        settings,
        paths=tuple(
            _path(path, services_required=f"paths[{index}].healthz.require.services" in given)
            for index, path in enumerate(settings.paths)
        ),
    )


def _path(path: PathSettings, *, services_required: bool) -> PathSettings:
    path = replace(
        path,
        service_entries=complete_services(path.service_entries),
        edges=tuple(_edge(edge) for edge in path.edges),
    )
    if path.maillog is not None and path.maillog.kubernetes is not None and path.maillog.kubernetes.namespace is None:
        namespace = (path.kubernetes or KubernetesSettings()).namespace
        source = replace(path.maillog.kubernetes, namespace=namespace)
        path = replace(path, maillog=replace(path.maillog, kubernetes=source))
    if path.roundtrip is not None:
        path = replace(path, roundtrip=_roundtrip(path, path.roundtrip))
    if not services_required:
        # A service that is dropped is no longer required, unless somebody wrote that it is.
        require = path.healthz.require
        kept = tuple(name for name in require.services if path.service_entries.get(name) is not None)
        path = replace(path, healthz=replace(path.healthz, require=replace(require, services=kept)))
    return path


def _roundtrip(path: PathSettings, roundtrip: RoundtripSettings) -> RoundtripSettings:
    imap = roundtrip.imap
    host = imap.host
    if host is None and path.kubernetes is not None:
        host = f"{path.kubernetes.internal_service}.{path.kubernetes.namespace}.svc.cluster.local"
    elif host is None and path.edges:
        host = path.edges[0].address
    return replace(roundtrip, imap=replace(imap, host=host, server_name=imap.server_name or path.tls.server_name))


def _edge(edge: EdgeSettings) -> EdgeSettings:
    if isinstance(edge.ssh, SshSettings) and edge.ssh.host is None:
        return replace(edge, ssh=replace(edge.ssh, host=edge.address))
    return edge
