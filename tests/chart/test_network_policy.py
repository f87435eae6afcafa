"""The NetworkPolicy: out only where the configuration leads, and each place that it leads to."""

from typing import Any

from tests.chart.conftest import Rendered
from tests.chart.helm import Document, of_kind

ANY = "any address"
NODE_PORTS = {30125, 30126, 30127, 30128, 30145, 30146, 30147}
LISTENERS = {25, 465, 587, 993, 2525, 4465, 5587, 10993}
FRONTENDS = {25, 465, 587, 993}
MAIL_SERVER = "mailserver app=mailserver"


def ways(documents: list[Document], name: str = "mailpath") -> dict[str, set[int]]:
    """Give the ports by where they may be reached."""
    found: dict[str, set[int]] = {}
    for rule in of_kind(documents, "NetworkPolicy", name)["spec"]["egress"]:
        for peer in rule.get("to", [None]):
            found.setdefault(_named(peer), set()).update(port["port"] for port in rule["ports"])
    return found


def _named(peer: dict[str, Any] | None) -> str:
    if peer is None:
        return ANY
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    pods = peer.get("podSelector", {}).get("matchLabels", {})
    labels = ",".join(f"{key}={value}" for key, value in pods.items())
    return f"{peer['namespaceSelector']['matchLabels']['kubernetes.io/metadata.name']} {labels}".strip()


def test_the_runbooks_path(rendered: Rendered) -> None:
    """DNS, the API and the NodePorts by port; the edge by its address; the mail server's Pods by their labels."""
    assert ways(rendered["minimal"]) == {
        ANY: {53, 443, 6443} | NODE_PORTS,
        "10.0.20.1/32": {22} | FRONTENDS,
        MAIL_SERVER: LISTENERS,
    }


def test_where_places_are_named_nothing_is_open_to_any_address(rendered: Rendered) -> None:
    """Networks of nodes and API, and who answers names; what is left open is a URL by its name."""
    assert ways(rendered["conventional"], "watcher") == {
        "kube-system": {53},
        "10.0.20.100/32": {6443},
        "10.0.20.0/24": NODE_PORTS,
        "10.0.20.1/32": {22} | FRONTENDS,
        MAIL_SERVER: LISTENERS,
        # the webhook stands in a variable, the heartbeat has a name and a port
        ANY: {443, 3001},
        "203.0.113.9/32": {443},
    }
    ingress = of_kind(rendered["conventional"], "NetworkPolicy")["spec"]["ingress"]
    assert next(peer for rule in ingress for peer in rule["from"])["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }


def test_each_path_has_its_own_ways(rendered: Rendered) -> None:
    """Services that are dropped, changed and added; fixed nodes; an edge whose SSH is a name; a namespace each."""
    found = ways(rendered["sharded"])
    home = {30125, 30145, 31127, 30147, 30128, 30190}
    assert found["10.0.20.101/32"] == home
    assert found["10.0.20.1/32"] == FRONTENDS | {4190}
    # its SSH connection is that of the edge beside it
    assert found["2001:db8::1/128"] == FRONTENDS | {4190}
    assert found["2001:db8::2/128"] == found["203.0.113.2/32"] == NODE_PORTS
    assert found["203.0.113.1/32"] == FRONTENDS
    assert found["mailserver app=mailserver,tier=mail"] == {2525, 25, 5587, 587, 10993, 993, 4191}
    # a selector that no label can say is every Pod of the namespace, on these ports
    assert found["mail"] == LISTENERS
    assert found[ANY] == {53, 443, 6443, 2222} | NODE_PORTS | home


def test_the_roundtrip_goes_where_it_sends_reads_and_tells(rendered: Rendered) -> None:
    """Brevo, the mailbox, and whom it tells: by address where one is given, else by port."""
    assert ways(rendered["roundtrip"], "mailpath-roundtrip") == {
        ANY: {53, 443, 9641},
        "203.0.113.7/32": {9091},
        "2001:db8::9/128": {9641},
        "mailserver": {993},
        "10.0.20.1/32": {25, 993},
    }
    assert ANY in ways(rendered["roundtrip"])


def test_none_where_none_is_wanted(rendered: Rendered) -> None:
    """``networkPolicy.enabled: false``."""
    assert not [each for each in rendered["outside"] if each["kind"] == "NetworkPolicy"]
