"""What has changed in a path's status, key by key: the ``status`` messages of the event stream."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from monitor.core.status import PathStatus, TargetStatus

# Latencies change with every round; alone they are told at most this often, in seconds.
PACE = 1.0
Summary = Mapping[str, Any]


class Deltas:
    """Remembers what was told of every path."""

    def __init__(self) -> None:
        """Begin without any."""
        self._told: dict[str, tuple[float, Summary]] = {}

    def update(self, statuses: Sequence[PathStatus]) -> Iterator[dict[str, Any]]:
        """Give a document for each of these paths that has changed; a key that is gone is null (RFC 7386)."""
        for path in statuses:
            at, before = self._told.get(path.name, (0.0, {}))
            after = summary(path)
            changed = {key: value for key, value in after.items() if before.get(key) != value}
            changed |= dict.fromkeys(before.keys() - after.keys())
            soon = 0 <= path.at - at < PACE
            if changed and not (soon and all(_is_only_latency(before.get(key), changed[key]) for key in changed)):
                self._told[path.name] = (path.at, after)
                yield _document(path, changed)

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every path but these."""
        self._told = {name: told for name, told in self._told.items() if name in paths}


def full(path: PathStatus) -> dict[str, Any]:
    """Give the document that begins a stream: everything."""
    return _document(path, summary(path))


def summary(path: PathStatus) -> Summary:
    """Give the keys and values that are compared: ``handshake/k8s-node1/smtp`` and the like."""
    keys: dict[str, Any] = {
        "health": path.health.status,
        "hop": path.diagnosis.hop.value,
        "summary": path.diagnosis.summary,
        "findings": len(path.findings),
        "maillog": path.maillog.up if path.maillog is not None else None,
    }
    if path.maintenance is not None:
        keys["maintenance"] = path.maintenance.until
    keys |= {f"edge/{edge.name}": {"ssh_up": edge.ssh_up, "haproxy_up": edge.haproxy_up} for edge in path.edges}
    return keys | {"/".join(status.target[1:]): _target(status) for status in path.targets}


def _target(status: TargetStatus) -> dict[str, Any]:
    last = status.last
    return {
        "up": None if status.stale else status.up,
        "verdict": status.verdict.value,
        "agreement": status.agreement.value if status.agreement is not None else None,
        "proofs": {proof.evidence.value: proof.result.value for proof in status.proofs},
        "duration": round(last.finished - last.started, 4) if last is not None else None,
    }


def _is_only_latency(before: object, after: object) -> bool:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    return all(before.get(key) == after[key] for key in after if key != "duration")


def _document(path: PathStatus, changed: Mapping[str, Any]) -> dict[str, Any]:
    return {"path": path.name, "at": path.at, "changed": changed}
