"""What must hold between the keys of a configuration, once each by itself is sound."""

from collections.abc import Iterable, Iterator

from monitor.config import addresses, rate_budget
from monitor.config.faults import Complaint, below
from monitor.config.services import DEFAULT_SERVICES, REQUIRED_KEYS, given_keys
from monitor.config.settings import PathSettings, Settings
from monitor.config.sources import SshSettings
from monitor.config.values import render_duration


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
    for place, path in zip(places, settings.paths, strict=True):
        yield from _nodes(path, f"{place}.nodes")
        yield from _ports(path, f"{place}.services")
        yield from _intervals(path, place)
        yield from _edges(path, f"{place}.edges")
        yield from _maillog(path, f"{place}.maillog")
        yield from _healthz(path, place)
        yield from addresses.complaints(path, place)
        yield from rate_budget.complaints(path, place)


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
