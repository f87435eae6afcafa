"""The files that a configuration names: they must be there, and be readable, before anything starts."""

from collections.abc import Iterator
from pathlib import Path

from monitor.config.faults import Complaint
from monitor.config.settings import Settings
from monitor.config.sources import SshSettings


def complaints(settings: Settings) -> Iterator[Complaint]:
    """Complain of every file that cannot be read, with what would make it."""
    for place, file, remedy in _named(settings):
        try:
            with Path(file).open("rb"):
                pass
        except OSError as error:
            yield Complaint(place, f"{file} cannot be read ({error.strerror}): {remedy}")


def _named(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for path_index, path in enumerate(settings.paths):
        place = f"paths[{path_index}]"
        if path.tls.ca_file is not None:
            yield f"{place}.tls.ca_file", path.tls.ca_file, "give a PEM bundle, or null for the system's"
        if path.kubernetes is not None and path.kubernetes.kubeconfig is not None:
            remedy = "give a kubeconfig, or null for the cluster's own"
            yield f"{place}.kubernetes.kubeconfig", path.kubernetes.kubeconfig, remedy
        for edge_index, edge in enumerate(path.edges):
            if isinstance(edge.ssh, SshSettings):
                where, ssh = f"{place}.edges[{edge_index}].ssh", edge.ssh
                key, hosts = ssh.key_file, ssh.known_hosts_file
                yield f"{where}.key_file", key, f"make one with `ssh-keygen -t ed25519 -f {key}` and authorise it"
                scan = f"`ssh-keyscan -p {ssh.port} {ssh.host or edge.address}`"
                yield (
                    f"{where}.known_hosts_file",
                    hosts,
                    f"fill it from {scan} and compare the fingerprints on the edge",
                )
