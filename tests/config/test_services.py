"""Services: dropped, changed key by key, added."""

from monitor.config.load import parse
from monitor.core.model import MailProtocol, Service
from tests.config.documents import MINIMAL, path


def services(block: str) -> dict[str, Service]:
    """Give the services of a path with a block."""
    return {service.name: service for service in path(block).services}


DEFAULTS = {service.name: service for service in parse(MINIMAL, "").paths[0].services}


def test_a_service_is_dropped_by_null() -> None:
    """What is null is no service of the path, and the others are as they were."""
    assert services("services: {imaps: null}") == {name: DEFAULTS[name] for name in ("smtp", "smtps", "submission")}


def test_single_keys_are_changed() -> None:
    """A key that is given changes that key alone, null included."""
    changed = services("services: {smtp: {check_node_port: null}, smtps: {backend: mail_465}}")
    assert changed["smtp"].check_node_port is None
    assert changed["smtps"].backend == "mail_465"
    assert (changed["smtp"].check_listener_port, changed["smtps"].node_port) == (25, 30126)
    assert (changed["submission"], changed["imaps"]) == (DEFAULTS["submission"], DEFAULTS["imaps"])


def test_a_service_is_added() -> None:
    """A service of another name comes with its own keys; without healthcheck ports it has none."""
    keys = "protocol: smtp, frontend_port: 2525, node_port: 30129, listener_port: 2526, backend: mailserver_nodes"
    added = services(f"services: {{smtp-test: {{{keys}}}}}")
    assert added.keys() == {*DEFAULTS, "smtp-test"}
    assert added["smtp-test"] == Service(
        "smtp-test", MailProtocol.SMTP, 2525, 30129, 2526, None, None, "mailserver_nodes"
    )
