"""Which listener a NodePort leads to, as the log shows it: handshakes succeed at a neighbour's listener as well."""

from collections.abc import Iterable, Sequence

from monitor.core.model import Service
from monitor.core.runbook import SERVICE
from monitor.core.status import Finding, TargetStatus


def miswired(services: Iterable[Service], handshakes: Iterable[TargetStatus]) -> tuple[TargetStatus, ...]:
    """Give the handshakes whose connections came out at another service's listener."""
    own = {service.name: {service.listener_port, service.check_listener_port} for service in services}
    return tuple(s for s in handshakes if s.listener is not None and s.listener not in own[s.target.service])


def findings(services: Sequence[Service], handshakes: Iterable[TargetStatus]) -> tuple[Finding, ...]:
    """Give one finding for each NodePort that leads to another service's listener."""
    return tuple(
        Finding(
            severity="critical",
            subject=f"{status.target.node}:{status.port}",
            kind="wrong_listener",
            message=f"NodePort {status.port} of {status.target.node} ({status.target.service}) leads to listener "
            f"{status.listener}: that one logs our handshakes.",
            remedy=SERVICE,
        )
        for status in miswired(services, handshakes)
    )
