"""Each wrong value is refused before anything is made, in a sentence that names its place."""

import pytest

from tests.chart.helm import Document, Helm

GOOD: Document = {"serverName": "mail.example.org", "ssh": {"existingSecret": "edge"}}
PATH: Document = {"name": "home", "tls": {"server_name": "mail.example.org"}, "nodes": {"kubernetes": {}}}
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n"


def configured(**keys: object) -> Document:
    """Give a path of one's own, with keys more."""
    return {"serverName": "", "config": {"paths": [{**PATH, **keys}]}}


# What values.schema.json refuses: laid over good values, and what it says.
BY_SCHEMA: dict[str, tuple[Document, str]] = {
    "unknown value": ({"replicas": 2}, "at '': additional properties 'replicas' not allowed"),
    "unknown value in a block": (
        {"image": {"repo": "x"}},
        "at '/image': additional properties 'repo' not allowed",
    ),
    "server name": (
        {"serverName": "https://mail.example.org"},
        "at '/serverName': 'https://mail.example.org' does not match pattern",
    ),
    "port": ({"web": {"port": 70000}}, "at '/web/port': maximum: got 70,000, want 65,535"),
    "port as a text": ({"service": {"port": "9641"}}, "at '/service/port': got string, want integer"),
    "boolean as a text": ({"hostNetwork": "true"}, "at '/hostNetwork': got string, want boolean"),
    "type of Service": (
        {"service": {"type": "Cluster"}},
        "at '/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'",
    ),
    "digest": ({"image": {"digest": "sha256:short"}}, "at '/image/digest': 'sha256:short' does not match pattern"),
    "log level": ({"log": {"level": "trace"}}, "at '/log/level': value must be one of 'debug', 'info'"),
    "no share": ({"shards": 0}, "at '/shards': minimum: got 0, want 1"),
    "replicas as a text": ({"replicaCount": "two"}, "at '/replicaCount': got string, want "),
    "key that is none": (
        {"ssh": {"privateKey": "ssh-ed25519 AAAA"}},
        "at '/ssh/privateKey': 'ssh-ed25519 AAAA' does not",
    ),
    "label that is no text": ({"podLabels": {"tier": 1}}, "at '/podLabels/tier': got number, want string"),
    "resources": ({"resources": {"limit": {}}}, "at '/resources': additional properties 'limit' not allowed"),
    "network": (
        {"networkPolicy": {"nodeNetworks": ["10.0.20.0"]}},
        "at '/networkPolicy/nodeNetworks/0': '10.0.20.0' does not match pattern",
    ),
    "schedule": ({"roundtrip": {"schedule": "hourly"}}, "at '/roundtrip/schedule': 'hourly' does not match pattern"),
    "way of the roundtrip": ({"roundtrip": {"via": "smtp"}}, "at '/roundtrip/via': value must be one of 'brevo'"),
    "flag": ({"extraArgs": ["log.level=debug"]}, "at '/extraArgs/0': 'log.level=debug' does not match pattern '^--'"),
    "rule group": (
        {"prometheusRule": {"groups": [{"name": "x"}]}},
        "at '/prometheusRule/groups/0': missing property 'rules'",
    ),
    "interval of a monitor": ({"serviceMonitor": {"interval": "30"}}, "at '/serviceMonitor/interval': '30' does not"),
    "volume without a name": ({"extraVolumes": [{"emptyDir": {}}]}, "at '/extraVolumes/0': missing property 'name'"),
    "key of the configuration": (
        {"config": {"path": []}},
        "at '/config': additional properties 'path' not allowed",
    ),
    "no path": ({"config": {"paths": []}}, "at '/config/paths': minItems: got 0, want 1"),
    "path without a name": (
        {"config": {"paths": [{"tls": {"server_name": "mail.example.org"}}]}},
        "at '/config/paths/0': missing property 'name'",
    ),
    "path without a server's name": (configured(tls={}), "at '/config/paths/0/tls': missing property 'server_name'"),
    "key of a path": (configured(edge=[]), "at '/config/paths/0': additional properties 'edge' not allowed"),
    "duration": (
        configured(checks={"interval": 5}),
        "at '/config/paths/0/checks/interval': got number, want string",
    ),
    "port of a service": (
        configured(services={"smtp": {"node_port": 70000}}),
        "at '/config/paths/0/services/smtp/node_port': maximum: got 70,000, want 65,535",
    ),
    "way to see the listeners": (
        configured(kubernetes={"listeners": "ss"}),
        "at '/config/paths/0/kubernetes/listeners': value must be one of 'connect', 'exec'",
    ),
    "webhook": (
        {"config": {"notify": {"webhook_url": "hooks.example.org"}}},
        "at '/config/notify/webhook_url': 'hooks.example.org' does not match pattern",
    ),
}

# What contradicts itself, which no schema can say.
BY_TEMPLATE: dict[str, tuple[Document, str]] = {
    "nothing given": (
        {"serverName": ""},
        "serverName is empty: set it to the name that the mail server's certificate is for, or give config.paths",
    ),
    "two server names": (
        {**configured(), "serverName": "mail.example.org"},
        (
            "serverName is for the path that the chart writes, and config.paths is given: set tls.server_name there, "
            "and leave serverName empty"
        ),
    ),
    "no key": (
        {"ssh": {"existingSecret": ""}},
        (
            "path home: edge pfsense is reached by SSH, and no key is given: set ssh.existingSecret, or ssh.privateKey "
            "and ssh.knownHosts; or leave the edge's ssh out"
        ),
    ),
    "two keys": (
        {"ssh": {"existingSecret": "edge", "privateKey": KEY, "knownHosts": "x"}},
        "ssh.existingSecret and ssh.privateKey are both given: give one of them",
    ),
    "no host key": (
        {"ssh": {"existingSecret": "", "privateKey": KEY}},
        (
            "ssh.knownHosts is missing: no host key is trusted unseen; fill it from ssh-keyscan, and compare the "
            "fingerprints on the edge"
        ),
    ),
    "replicas without an election": (
        {**configured(kubernetes={}), "replicaCount": 2},
        (
            "path home has no kubernetes.lease, and replicaCount is 2: each would do every handshake; add the lease, "
            "or set replicaCount to 1"
        ),
    ),
    "replicas of shares": (
        {"config": {"paths": [PATH, {**PATH, "name": "away"}]}, "serverName": "", "shards": 2, "replicaCount": 2},
        "replicaCount is given, and shards are more than one: there is one Pod for each share; leave replicaCount out",
    ),
    "more shares than paths": ({"shards": 3}, "shards is 3, and there are 1 paths: some would watch nothing"),
    "two monitors": (
        {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}},
        "serviceMonitor and podMonitor are both enabled: everything would be scraped twice",
    ),
    "roundtrip of nobody": (
        {"roundtrip": {"enabled": True}},
        "roundtrip.enabled is true, and no path of config has a roundtrip: it says from whom to whom",
    ),
    "name in a variable": (
        configured(kubernetes={"namespace": "${WHERE}"}),
        "path home: ${WHERE} stands for a name that its Role must have: write the name itself",
    ),
}


@pytest.mark.parametrize("case", BY_SCHEMA)
def test_the_schema_refuses(helm: Helm, case: str) -> None:
    """values.schema.json: the place in the values, and what was expected there."""
    wrong, words = BY_SCHEMA[case]
    said = helm.refusal({**GOOD, **wrong})
    assert words in said
    assert "don't meet the specifications of the schema" in said


@pytest.mark.parametrize("case", BY_TEMPLATE)
def test_the_chart_refuses(helm: Helm, case: str) -> None:
    """What no schema can say is said by the chart, in a sentence."""
    wrong, words = BY_TEMPLATE[case]
    assert f"\n{words}\n" in helm.refusal({**GOOD, **wrong})


def test_everything_is_told_at_once(helm: Helm) -> None:
    """Whoever corrects values does not learn of one fault after the other."""
    every = {**configured(edges=[{"ssh": {}}]), "serverName": "x", "ssh": {"privateKey": KEY, "existingSecret": "edge"}}
    said = helm.refusal(
        {**every, "replicaCount": 3, "serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    )
    assert len([line for line in said.splitlines() if line.count(" ") > 3 and ":" in line]) >= 5, said
