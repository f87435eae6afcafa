"""What can be broken in the demo: one function a fault."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.config.values import parse_duration
from monitor.core.errors import ConfigError, Fault
from monitor.demo.mail_path import MailPath

_BROKEN_NODE = 1
_BROKEN_SERVICE = "submission"
# Beyond the configuration's slow_after, within its timeout.
_SLOW_GREETING = 0.8
# A port of every node where nothing listens.
_DEAD_PORT = 9


Strike = Callable[[MailPath], None]


class DemoFault(NamedTuple):
    """One way to break the path: its name, what happens in a sentence, and how it is done."""

    name: str
    sentence: str
    strike: Strike


class PlannedFault(NamedTuple):
    """A fault, and how many seconds after the start it strikes."""

    fault: DemoFault
    delay: float


_BY_NAME: dict[str, DemoFault] = {}


def _fault(name: str, sentence: str) -> Callable[[Strike], Strike]:
    def register(strike: Strike) -> Strike:
        _BY_NAME[name] = DemoFault(name, sentence, strike)
        return strike

    return register


@_fault("node-down", "k8s-node2 falls silent on every port, as a host without power does.")
def _node_down(path: MailPath) -> None:
    node = path.layout.nodes[_BROKEN_NODE]
    for port in path.ports.values():
        if port.address == node.address:
            port.silence()


@_fault("proxy-off", "The mail server takes the PROXY header for commands: PROXY is off on its ports.")
def _proxy_off(path: MailPath) -> None:
    path.mail_server.proxy = False


@_fault("port-closed", "k8s-node2 refuses the submission NodePort; its healthcheck port lives on.")
def _port_closed(path: MailPath) -> None:
    service = path.haproxy.pools[_BROKEN_SERVICE].service
    path.ports[path.layout.nodes[_BROKEN_NODE].name, service.node_port].close()


@_fault(
    "haproxy-pool-down",
    "HAProxy checks the submission pool at a port where nothing listens, and takes every server out.",
)
def _haproxy_pool_down(path: MailPath) -> None:
    for server in path.haproxy.pools[_BROKEN_SERVICE].servers:
        server.check_port = _DEAD_PORT


@_fault("snat-address", "The mail log shows the edge's address in the place of every client's: the client IP is lost.")
def _snat_address(path: MailPath) -> None:
    path.mail_server.seen_as = path.layout.edge_address


@_fault("log-stalled", "The mail log gets no more lines, while mail goes on.")
def _log_stalled(path: MailPath) -> None:
    path.log.stalled = True


@_fault("ssh-down", "The edge's sshd refuses connections: HAProxy cannot be asked any more.")
def _ssh_down(path: MailPath) -> None:
    path.ssh.close()


@_fault("certificate-expired", "Every service shows a certificate that expired yesterday.")
def _certificate_expired(path: MailPath) -> None:
    path.mail_server.tls = path.authority.server_context(expired=True)


@_fault("slow-greeting", f"Every greeting comes {_SLOW_GREETING:g} seconds late.")
def _slow_greeting(path: MailPath) -> None:
    path.mail_server.greeting_delay = _SLOW_GREETING


FAULTS = tuple(_BY_NAME.values())


def plan(words: Iterable[str]) -> tuple[PlannedFault, ...]:
    """Read ``NAME`` or ``NAME@30s`` (strikes half a minute after the start), as ``--fault`` gives them.

    Raises:
        ConfigError: With every word that is no fault's name, or has no duration behind ``@``.
    """
    planned, wrong = [], []
    for word in words:
        name, at, delay = word.partition("@")
        try:
            planned.append(PlannedFault(_BY_NAME[name], parse_duration(delay) if at else 0.0))
        except KeyError:
            wrong.append(Fault(f"--fault {word}", f"expected one of {', '.join(_BY_NAME)}, or list"))
        except ValueError:
            wrong.append(Fault(f"--fault {word}", f"expected a duration such as 30s behind {name}@"))
    if wrong:
        raise ConfigError(*wrong)
    return tuple(planned)


def described() -> str:
    """Return every name with its sentence, a line each."""
    width = max(map(len, _BY_NAME))
    return "".join(f"{fault.name:{width}}  {fault.sentence}\n" for fault in FAULTS)
