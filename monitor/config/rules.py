"""What must hold between the keys of a configuration, and of the files that it names, once each by itself is sound."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from monitor.config import addresses, rate_budget
from monitor.config.faults import Complaint, below
from monitor.config.services import DEFAULT_SERVICES, REQUIRED_KEYS, given_keys
from monitor.config.settings import PathSettings, Settings
from monitor.config.sources import SshSettings
from monitor.config.values import render_duration
from monitor.core.model import Service


def missing_service_keys(settings: Settings) -> Iterator[Complaint]:
    """Complain of services that lack keys; ``settings`` are as the file has them."""
    for index, path in enumerate(settings.paths):
        for name, entry in path.service_entries.items():
            if entry is None or name in DEFAULT_SERVICES:
                continue
            for key in sorted(set(REQUIRED_KEYS) - given_keys(entry).keys()):
                yield Complaint(
                    below(below(f"paths[{index}].services", name), key),
                    f"missing, and only {', '.join(DEFAULT_SERVICES)} have defaults",
                )


def complaints(settings: Settings) -> Iterator[Complaint]:
    """Complain of everything that does not fit together; ``settings`` are complete."""
    places = [f"paths[{index}]" for index in range(len(settings.paths))]
    yield from _repeated(
        ((f"{place}.name", path.name) for place, path in zip(places, settings.paths, strict=True)), "path"
    )
    yield from _shared_stdin(settings, places)
    yield from _shared_lease(settings, places)
    for place, path in zip(places, settings.paths, strict=True):
        yield from _nodes(path, f"{place}.nodes")
        yield from _ports(path, f"{place}.services")
        yield from _syslog_names(path, f"{place}.services")
        yield from _intervals(path, place)
        yield from _edges(path, f"{place}.edges")
        yield from _maillog(path, f"{place}.maillog")
        yield from _lease(path, f"{place}.kubernetes.lease")
        yield from _healthz(path, place)
        yield from _roundtrip(path, f"{place}.roundtrip")
        yield from addresses.complaints(path, place)
        yield from rate_budget.complaints(path, place)


def missing_files(settings: Settings) -> Iterator[Complaint]:
    """Complain of every file that cannot be read, with what would make it."""
    for place, file, remedy in _files(settings):
        try:
            with Path(file).open("rb"):
                pass
        except OSError as error:
            yield Complaint(place, f"{file} cannot be read ({error.strerror}): {remedy}")


def _repeated(values: Iterable[tuple[str, str]], what: str) -> Iterator[Complaint]:
    first: dict[str, str] = {}
    for place, value in values:
        if value in first:
            owner = first[value].rpartition(".")[0]
            yield Complaint(place, f"{value} is already the {place.rpartition('.')[2]} of the {what} {owner}")
        else:
            first[value] = place


def _shared_stdin(settings: Settings, places: list[str]) -> Iterator[Complaint]:
    readers = [
        f"{place}.maillog.stdin"
        for place, path in zip(places, settings.paths, strict=True)
        if path.maillog is not None and path.maillog.stdin is not None
    ]
    for reader in readers[1:]:
        yield Complaint(reader, f"standard input is read by {readers[0]} already, and there is only one")


def _shared_lease(settings: Settings, places: list[str]) -> Iterator[Complaint]:
    owners: dict[tuple[object, ...], str] = {}
    for place, path in zip(places, settings.paths, strict=True):
        cluster = path.kubernetes
        if cluster is None or cluster.lease is None:
            continue
        key = (cluster.kubeconfig, cluster.namespace, cluster.lease.name)
        owner = owners.setdefault(key, place)
        if owner != place:
            where, other = f"{place}.kubernetes.lease.name", f"{owner}.kubernetes.lease.name"
            message = f"{cluster.lease.name} is already the Lease of {owner}, and each path has a leader of its own"
            yield Complaint(where, message, (other,))


def _lease(path: PathSettings, place: str) -> Iterator[Complaint]:
    lease = path.kubernetes.lease if path.kubernetes is not None else None
    if lease is None:
        return
    if not lease.duration.is_integer():
        message = f"{render_duration(lease.duration)} is not in whole seconds, as the Kubernetes API keeps it"
        yield Complaint(f"{place}.duration", message)
    if lease.renew_deadline >= lease.duration:
        yield Complaint(
            f"{place}.renew_deadline",
            f"{render_duration(lease.renew_deadline)} is not shorter than duration, {render_duration(lease.duration)}: "
            "a leader must stop before another one may start",
            (f"{place}.duration",),
        )
    if lease.retry_period * 2 > lease.renew_deadline:
        yield Complaint(
            f"{place}.retry_period",
            f"{render_duration(lease.retry_period)} leaves less than two attempts within renew_deadline, "
            f"{render_duration(lease.renew_deadline)}",
            (f"{place}.renew_deadline",),
        )


def _nodes(path: PathSettings, place: str) -> Iterator[Complaint]:
    nodes = path.nodes
    if not nodes.static and nodes.kubernetes is None:
        yield Complaint(place, "no nodes: name them under static, or let kubernetes find them")
    fixed = [(f"{place}.static[{index}]", node) for index, node in enumerate(nodes.static)]
    yield from _repeated(((f"{where}.name", node.name) for where, node in fixed), "node")
    yield from _repeated(((f"{where}.address", node.address) for where, node in fixed), "node")


def _ports(path: PathSettings, place: str) -> Iterator[Complaint]:
    if not path.services:
        yield Complaint(place, "every service is dropped; keep at least one")
    owners: dict[int, str] = {}
    for service in path.services:
        owner = owners.setdefault(service.node_port, service.name)
        if owner != service.name:
            yield Complaint(
                f"{below(place, service.name)}.node_port",
                f"{service.node_port} is already the node_port of {owner}",
                (f"{below(place, owner)}.node_port",),
            )
    for service in path.services:
        if service.check_node_port in owners:
            owner = owners[service.check_node_port]
            yield Complaint(
                f"{below(place, service.name)}.check_node_port",
                f"{service.check_node_port} is the node_port of {owner}: "
                "a check sends no header, and a PROXY port must never be left without one",
                (f"{below(place, owner)}.node_port",),
            )


def _syslog_names(path: PathSettings, place: str) -> Iterator[Complaint]:
    owners: dict[str, Service] = {}
    for service in path.services:
        name = service.syslog_name
        owner = service if name is None else owners.setdefault(name, service)
        # Dovecot has one name for all of its listeners, and names the destination.
        if owner is not service and not (owner.protocol.speaks_imap and service.protocol.speaks_imap):
            yield Complaint(
                f"{below(place, service.name)}.syslog_name",
                f"{name} is already the syslog_name of {owner.name}: their lines could not be told apart",
                (f"{below(place, owner.name)}.syslog_name",),
            )


def _intervals(path: PathSettings, place: str) -> Iterator[Complaint]:
    for key, block in (("handshakes", path.handshakes), ("front_door", path.front_door)):
        if block.fast_interval > block.interval:
            yield Complaint(
                f"{place}.{key}.fast_interval",
                f"{render_duration(block.fast_interval)} is longer than interval, {render_duration(block.interval)}; "
                "take as much at most",
                (f"{place}.{key}.interval",),
            )


def _edges(path: PathSettings, place: str) -> Iterator[Complaint]:
    names = tuple(f"{place}[{index}].name" for index in range(len(path.edges)))
    for index, edge in enumerate(path.edges):
        if not isinstance(edge.ssh, str):
            continue
        where = f"{place}[{index}].ssh"
        other = path.ssh_edge(edge)
        if other is None:
            yield Complaint(where, f"no edge of this path is named {edge.ssh}", names)
        elif not isinstance(other.ssh, SshSettings):
            own = f"{place}[{path.edges.index(other)}].ssh"
            yield Complaint(where, f"the edge {edge.ssh} has no ssh block of its own", (*names, own))
    yield from _repeated(zip(names, (edge.name for edge in path.edges), strict=True), "edge")


def _maillog(path: PathSettings, place: str) -> Iterator[Complaint]:
    if path.maillog is None or len(path.maillog.sources) == 1:
        return
    given = " and ".join(path.maillog.sources) or "none"
    yield Complaint(place, f"expected exactly one source of kubernetes, file and stdin, got {given}")


def _healthz(path: PathSettings, place: str) -> Iterator[Complaint]:
    require = path.healthz.require
    where = f"{place}.healthz.require"
    names = [service.name for service in path.services]
    for index, name in enumerate(require.services):
        if name not in names:
            message = f"{name} is no service of this path; it has {', '.join(names) or 'none'}"
            rests_on = (f"{place}.services", below(f"{place}.services", name))
            yield Complaint(f"{where}.services[{index}]", message, rests_on)
    nodes = len(path.nodes.static)
    if path.nodes.kubernetes is None and nodes and require.healthy_nodes > nodes:
        yield Complaint(
            f"{where}.healthy_nodes",
            f"{require.healthy_nodes} healthy nodes are required, and the path has {nodes}",
            (f"{place}.nodes.static", f"{place}.nodes.kubernetes"),
        )


def _roundtrip(path: PathSettings, place: str) -> Iterator[Complaint]:
    roundtrip = path.roundtrip
    if roundtrip is None:
        return
    imap, brevo = roundtrip.imap, roundtrip.brevo
    if imap.host is None:
        rests_on = (f"{place[: -len('roundtrip')]}edges", f"{place[: -len('roundtrip')]}kubernetes")
        yield Complaint(
            f"{place}.imap.host", "missing: without an edge or a kubernetes block it has no default", rests_on
        )
    yield from _one_of(f"{place}.imap", password=imap.password, password_file=imap.password_file)
    if brevo is not None:
        yield from _one_of(f"{place}.brevo", api_key=brevo.api_key, api_key_file=brevo.api_key_file)


def _one_of(place: str, **values: object) -> Iterator[Complaint]:
    given = [key for key, value in values.items() if value is not None]
    if len(given) != 1:
        expected = " and ".join(values)
        rests_on = tuple(f"{place}.{key}" for key in values)
        yield Complaint(place, f"expected exactly one of {expected}, got {' and '.join(given) or 'none'}", rests_on)


def _files(settings: Settings) -> Iterator[tuple[str, str, str]]:
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
