"""What mailpath must be allowed in the cluster: the least that a configuration needs, as Kubernetes' own objects.

A Role in every namespace that is read, and a ClusterRole where nodes are discovered, since Nodes are in no namespace.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from monitor.config.settings import PathSettings
from monitor.config.sources import KubernetesSettings

Document = dict[str, Any]

_API = "rbac.authorization.k8s.io"
_FOLLOW = ("list", "watch")
_CLUSTER = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a Role; without ``names`` it is about every object of these resources."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def document(self) -> Document:
        """The rule as the API writes it."""
        rule: Document = {"apiGroups": [self.group], "resources": [*self.resources], "verbs": [*self.verbs]}
        return rule | {"resourceNames": [*self.names]} if self.names else rule


def rbac_documents(paths: Iterable[PathSettings], namespace: str | None, service_account: str) -> list[Document]:
    """Return the ServiceAccount and all that it must be allowed for these paths, in the order to be applied.

    ``namespace`` is where mailpath itself runs (``None``: beside the first path's mail server). Paths that read nothing
    of a cluster need the account alone.
    """
    chosen = tuple(paths)
    home = namespace or next((path.kubernetes or KubernetesSettings()).namespace for path in chosen)
    rules = _rules_by_namespace(chosen)
    documents = [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(service_account, home)}]
    for place in sorted(rules):
        # the name of a ClusterRole is one for the whole cluster, in which mailpath may run more than once
        name = service_account if place else f"{home}-{service_account}"
        documents += _granted(name, place, rules[place], {"name": service_account, "namespace": home})
    return documents


def rbac_yaml(paths: Iterable[PathSettings], namespace: str | None, service_account: str) -> str:
    """Return the same as the text that ``kubectl apply -f -`` takes."""
    documents = rbac_documents(paths, namespace, service_account)
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, default_flow_style=None, width=120)


def _granted(name: str, place: str, rules: list[Rule], account: Document) -> list[Document]:
    prefix = "" if place else "Cluster"
    return [
        {
            "apiVersion": f"{_API}/v1",
            "kind": f"{prefix}Role",
            "metadata": _metadata(name, place),
            "rules": [rule.document() for rule in rules],
        },
        {
            "apiVersion": f"{_API}/v1",
            "kind": f"{prefix}RoleBinding",
            "metadata": _metadata(name, place),
            "roleRef": {"apiGroup": _API, "kind": f"{prefix}Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
    ]


def _metadata(name: str, namespace: str) -> Document:
    metadata: Document = {"name": name, "labels": {"app.kubernetes.io/name": "mailpath"}}
    return metadata | {"namespace": namespace} if namespace else metadata


def _rules_by_namespace(paths: Iterable[PathSettings]) -> dict[str, list[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for path in paths:
        for place, rule in _needs(path):
            known = rules.setdefault(place, [])
            if rule not in known:
                known.append(rule)
    return {place: _without_covered(known) for place, known in rules.items()}


def _needs(path: PathSettings) -> Iterator[tuple[str, Rule]]:
    """What each part of a configuration reads; a part that reads more is added here."""
    if path.nodes.kubernetes is not None:
        yield _CLUSTER, Rule("", ("nodes",), _FOLLOW)
    if path.maillog is not None and path.maillog.kubernetes is not None:
        place = path.maillog.kubernetes.namespace or (path.kubernetes or KubernetesSettings()).namespace
        yield place, Rule("", ("pods",), ("list",))
        yield place, Rule("", ("pods/log",), ("get",))
    if path.kubernetes is not None:
        for rule in _of_cluster(path.kubernetes):
            yield path.kubernetes.namespace, rule


def _of_cluster(cluster: KubernetesSettings) -> Iterator[Rule]:
    yield Rule("", ("pods", "services"), _FOLLOW)
    yield Rule("discovery.k8s.io", ("endpointslices",), _FOLLOW)
    yield Rule("batch", ("jobs",), _FOLLOW)
    # a collection that is narrowed to one name by a field selector is that object's, for RBAC too
    yield Rule("batch", ("cronjobs",), _FOLLOW, (cluster.roundtrip_cronjob,))
    yield Rule("apps", ("deployments",), ("get",), (cluster.deployment,))
    if cluster.config_maps:
        # by name, and neither listed nor watched: a namespace's ConfigMaps can hold secrets
        yield Rule("", ("configmaps",), ("get",), tuple(cluster.config_maps))
    if cluster.certificate_secret is not None:
        # a Secret is allowed as a whole: the key lies beside the certificate
        yield Rule("", ("secrets",), ("get",), (cluster.certificate_secret,))
    if cluster.listeners == "exec":
        # a WebSocket is a GET (1.20), and an exec is a creation (newer servers)
        yield Rule("", ("pods/exec",), ("get", "create"))
    if cluster.lease is not None:
        yield Rule("coordination.k8s.io", ("leases",), ("get", "update"), (cluster.lease.name,))
        # an object that is not there yet has no name that a rule could ask for
        yield Rule("coordination.k8s.io", ("leases",), ("create",))


def _without_covered(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if not any(_covers(other, rule) for other in rules if other != rule)]


def _covers(wide: Rule, narrow: Rule) -> bool:
    same = (wide.group, wide.names) == (narrow.group, narrow.names)
    return same and set(narrow.resources) <= set(wide.resources) and set(narrow.verbs) <= set(wide.verbs)
