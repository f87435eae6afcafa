"""Where everything is: four nodes and an edge in 127/8, with the ports of the runbook."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from monitor.config.services import DEFAULT_SERVICES, to_service
from monitor.core.model import Node, Service

SERVER_NAME = "mail.example.org"
POD_NAME = "mailserver-6d9c7b8f5d-x2x9z"
POD_ADDRESS = "10.10.3.7"
SSH_USER = "admin"

# Ports below 1024 are root's; 20025 stands for 25.
_FRONTEND_OFFSET = 20000
_SSH_PORT = 20022
# Demos side by side each have a network and ports of their own: another one's, or a real NodePort, may be in the way.
_LAYOUTS = 20
_PORT_STEP = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """One set of addresses and ports; number 0 is the one that the documentation shows."""

    number: int = 0

    @property
    def edge_address(self) -> str:
        """Where HAProxy's frontends and sshd listen."""
        return self._host(1)

    @property
    def monitor_address(self) -> str:
        """From where the daemon knocks at the front doors."""
        return self._host(9)

    @property
    def ssh_port(self) -> int:
        """The port of the edge's sshd."""
        return self._shifted(_SSH_PORT)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The Kubernetes workers."""
        return tuple(Node(f"k8s-node{number}", self._host(100 + number)) for number in range(1, 5))

    @property
    def services(self) -> tuple[Service, ...]:
        """The four services, with the ports of this layout."""
        return tuple(self._service(to_service(name, entry)) for name, entry in DEFAULT_SERVICES.items())

    def _service(self, service: Service) -> Service:
        check_port = service.check_node_port
        return replace(
            service,
            frontend_port=self._shifted(_FRONTEND_OFFSET + service.frontend_port),
            node_port=self._shifted(service.node_port),
            check_node_port=None if check_port is None else self._shifted(check_port),
        )

    def _shifted(self, port: int) -> int:
        return port + self.number * _PORT_STEP

    def _host(self, host: int) -> str:
        return f"127.0.{20 + self.number}.{host}"


def layouts() -> Iterator[Layout]:
    """Return the layouts to try, one after the other."""
    return map(Layout, range(_LAYOUTS))
