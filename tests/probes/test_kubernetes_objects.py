"""Which objects are read: a namespace's by name and by watch, and nothing that the account need not read."""

from dataclasses import replace

import pytest

from monitor.probes.kubernetes_objects import KubernetesSettings, config_map, documents, secret, watches

SETTINGS = KubernetesSettings(
    path="home",
    namespace="mail",
    deployment="mailserver",
    proxy_service="mailserver-proxy",
    cronjob="roundtrip",
    config_maps=(("patches", "user-patches.sh"),),
    node_selector="role=worker",
    ports=(25, 2525),
    container=None,
    kubeconfig=None,
    timeout=1.0,
)
NAMESPACED = {"services", "slices", "pods", "cronjobs", "jobs"}


def test_named_objects_are_read_by_their_names() -> None:
    """A namespace's other ConfigMaps may hold secrets, and are never listed."""
    assert documents(SETTINGS) == {
        "deployment": "/apis/apps/v1/namespaces/mail/deployments/mailserver",
        config_map("patches"): "/api/v1/namespaces/mail/configmaps/patches",
    }


def test_a_secret_is_read_only_where_one_is_configured() -> None:
    """By default the account needs no right to any."""
    with_certificate = replace(SETTINGS, certificate_secret="mail-tls")  # noqa: S106 - a Secret's name
    added = documents(with_certificate).items() - documents(SETTINGS).items()
    assert added == {(secret("mail-tls"), "/api/v1/namespaces/mail/secrets/mail-tls")}


@pytest.mark.parametrize(
    ("namespace", "selector", "followed"),
    [
        ("mail", "role=worker", NAMESPACED | {"nodes"}),
        ("mail", None, NAMESPACED),
        (None, "", {"nodes"}),
    ],
)
def test_collections_are_followed_as_far_as_configured(
    namespace: str | None, selector: str | None, followed: set[str]
) -> None:
    """The empty selector is every node, ``None`` is no node."""
    assert set(watches(replace(SETTINGS, namespace=namespace, node_selector=selector), None)) == followed


def test_without_a_namespace_only_the_version_is_read() -> None:
    """Every account may read it: it shows that the API answers."""
    assert documents(replace(SETTINGS, namespace=None)) == {"version": "/version"}
