"""Which listener wrote a line of the mail log: by Postfix's syslog name, by Dovecot's destination address.

The name of a PROXY listener is given, the runbook's, or learned. A name is learned from a line that shows an address
that only one of our handshakes claims, and from nothing else: the server can have it from the header alone, so the line
is the PROXY listener's, and the claim says which service's. Where NodePorts are wired wrongly, handshakes of several
services come out under one name: the majority decides.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

from monitor.core.maillog import CONNECTIONS, LineKind, LogRecord
from monitor.core.model import MailProtocol, Service
from monitor.core.observations import UnnamedListeners

# Postfix's own names for the stock services (master.cf: submissions is smtps in older files).
STOCK_NAMES = {
    "postfix/postscreen": MailProtocol.SMTP,
    "postfix/submissions/smtpd": MailProtocol.SMTPS,
    "postfix/smtps/smtpd": MailProtocol.SMTPS,
    "postfix/submission/smtpd": MailProtocol.SUBMISSION,
}
# The second half of a session on port 25, whichever postscreen it came from.
PASSED = "postfix/smtpd"
DOVECOT = "dovecot"

_RUNBOOK = re.compile(r"\Apostfix/smtpd-proxy(\d+)(?:/|\Z)")

# Claimed addresses whose name is remembered; those of targets that are gone are the first to go.
REMEMBERED = 4096
# Distinct names whose listener is remembered; a master.cf has some twenty.
REMEMBERED_NAMES = 256
# Names of unknown listeners, and how long each is reported after its last line, in seconds.
UNKNOWN_NAMES = 16
UNKNOWN_FOR = 3600.0

NO_CLAIMS: Mapping[str, int] = MappingProxyType({})


class Listeners:
    """Finds the listener's port for a record; what was learned outlives a new plan.

    Attributes:
        learned: listener ports by the names that were learned.
        shared: the stock names under which PROXY listeners log, by the port of the listener.
        proxy_ports: the ports of all PROXY listeners.
    """

    def __init__(
        self,
        services: Collection[Service] = (),
        destinations: Collection[str] = (),
        claims: Mapping[str, int] = NO_CLAIMS,
    ) -> None:
        """Begin with nothing learned; the parameters are those of ``replan``."""
        self.learned: dict[str, int] = {}
        self.shared: dict[int, str] = {}
        self._votes: dict[str, tuple[str, int]] = {}
        self._seen: set[int] = set()
        self._unknown: dict[str, float] = {}
        self.replan(services, destinations, claims)

    def replan(
        self, services: Collection[Service], destinations: Collection[str], claims: Mapping[str, int] = NO_CLAIMS
    ) -> None:
        """Adopt services, the destinations that only a PROXY header can name, and the listener that each claim means.

        ``claims`` are the PROXY listeners' ports by the address that one of our handshakes alone claims.
        """
        self._destinations = frozenset(destinations)
        self._claims = claims
        self.proxy_ports = frozenset(service.listener_port for service in services)
        self._given = {service.syslog_name: service.listener_port for service in services if service.syslog_name}
        self._runbooks: dict[str, int] = {}
        self._stock: dict[str, int | None] = {}
        self._imaps: tuple[int, int | None] | None = None
        self._of_postfix: dict[str, int | None] = {}
        for service in services:
            for name, protocol in STOCK_NAMES.items():
                if protocol is service.protocol:
                    self._stock[name] = service.check_listener_port
            if service.protocol.speaks_imap:
                self._imaps = (service.listener_port, service.check_listener_port)
        unnamed = [service for service in services if not service.syslog_name]
        for service in unnamed:
            if service.protocol.speaks_imap:
                self._given.setdefault(DOVECOT, service.listener_port)
            else:
                self._runbooks[str(service.frontend_port)] = service.listener_port
        self._learnable = frozenset(service.listener_port for service in unnamed)
        self._votes = {address: vote for address, vote in self._votes.items() if vote[1] in self._learnable}
        self._seen &= self.proxy_ports
        self.shared = {port: name for port, name in self.shared.items() if port in self.proxy_ports}
        self._count_votes()

    def of(self, record: LogRecord) -> int | None:
        """The port of the listener that wrote the line; ``None`` where the line does not say.

        The second half of a port-25 session is written by the stock ``postfix/smtpd`` (``smtpd pass``), whichever
        postscreen it came from: it names no listener.
        """
        program, known = record.program, self._of_postfix
        if program in known:
            return known[program]
        if record.kind is LineKind.IMAP_LOGIN or "/" not in program:
            return self._of_dovecot(record)
        if program in self.learned:
            return self.learned[program]
        if len(known) >= REMEMBERED_NAMES:
            known.clear()
        named = self._named(program)
        listener = self._stock.get(program) if named is None else named
        if listener is not None or program == PASSED:
            known[program] = listener
        return listener

    def is_stock(self, program: str) -> bool:
        """Whether one of Postfix's own listeners, without PROXY, wrote the line."""
        return program in STOCK_NAMES and self._named(program) is None

    def learn(self, record: LogRecord) -> None:
        """Learn from a line that shows an address of ours, if one of our handshakes alone claims it."""
        port, program = self._claims.get(record.address), record.program
        if port is None or record.kind not in CONNECTIONS or record.repeats:
            return
        named = self._named(program)
        if named is not None:
            self._knows(named)
        elif program in STOCK_NAMES or program == PASSED:
            if port not in self._seen:  # a session that postscreen has passed on is known by postscreen's name
                self.shared[port] = program
        elif port in self._learnable and _is_listener(program) and self._may_replace(record.address, program):
            self._vote(record.address, program, port)

    def saw_unnamed(self, record: LogRecord, now: float) -> None:
        """Remember that a client, who came through the edge or may have, was at a listener whose port is not known."""
        program = record.program
        if not (_is_listener(program) or has_no_name(program)):
            return
        if program in STOCK_NAMES or program in {PASSED, DOVECOT} or _RUNBOOK.match(program) or self._named(program):
            return
        self._unknown.pop(program, None)
        if len(self._unknown) >= UNKNOWN_NAMES:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[program] = now

    def unnamed(self, now: float) -> UnnamedListeners:
        """What the names leave open at ``now`` (event loop's clock)."""
        self._unknown = {
            name: at
            for name, at in self._unknown.items()
            if now - at < UNKNOWN_FOR and name not in self.learned and self._named(name) is None
        }
        unseen = self.proxy_ports - self._seen if self._unknown else frozenset()
        return UnnamedListeners(tuple(sorted(self._unknown)), dict(self.shared), unseen)

    def _named(self, program: str) -> int | None:
        """The port of the PROXY listener that logs under a program's name by configuration or runbook."""
        given = self._given.get(program) or self._given.get(program.rpartition("/")[0])
        if given is not None:
            return given
        runbooks = _RUNBOOK.match(program)
        return None if runbooks is None else self._runbooks.get(runbooks[1])

    def _of_dovecot(self, record: LogRecord) -> int | None:
        if self._imaps is None or not record.local_address:
            return None
        proxy_port, stock_port = self._imaps
        program = record.program
        if program != DOVECOT and program not in self.learned and self._named(program) is None:
            return None
        return proxy_port if record.local_address in self._destinations else stock_port

    def _knows(self, port: int) -> None:
        self._seen.add(port)
        self.shared.pop(port, None)

    def _may_replace(self, address: str, program: str) -> bool:
        """Whether a name is a listener's: not that of an smtpd to which a postscreen passes its sessions on."""
        before = self._votes.get(address)
        return before is None or not (before[0].endswith("/postscreen") and program.endswith("/smtpd"))

    def _vote(self, address: str, program: str, port: int) -> None:
        if self._votes.pop(address, None) != (program, port):
            if len(self._votes) >= REMEMBERED:
                del self._votes[next(iter(self._votes))]
            self._votes[address] = (program, port)
            self._count_votes()
        self._votes[address] = (program, port)
        if self.learned.get(program) == port:
            self._knows(port)

    def _count_votes(self) -> None:
        votes: dict[str, Counter[int]] = {}
        for program, port in self._votes.values():
            votes.setdefault(program, Counter())[port] += 1
        majorities = ((program, _most(ports)) for program, ports in votes.items())
        self.learned = {program: port for program, port in majorities if port is not None}


def has_no_name(program: str) -> bool:
    """Whether the log names no program (``journalctl -o cat``)."""
    return program.startswith("-/")


def _is_listener(program: str) -> bool:
    """Whether clients connect to a program: Postfix's by its daemon, Dovecot by having none."""
    return not has_no_name(program) and ("/" not in program or program.endswith(("/postscreen", "/smtpd")))


def _most(ports: Counter[int]) -> int | None:
    """What most of the votes are for; ``None`` where two have as many."""
    (first, most), *others = ports.most_common(2)
    return None if any(number == most for _, number in others) else first
