"""Under which names PROXY listeners log: given, the runbook's own, or learned from the lines of our own handshakes.

A name is learned from a line that shows an address that only one of our handshakes claims, and from nothing else: the
server can have it from the header alone, so the line is the PROXY listener's, and the claim tells which service's.
Where NodePorts are wired wrongly, handshakes of several services come out under one name: most of them tell.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping

from monitor.core.maillog import LineKind, LogRecord
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
_CONNECTIONS = frozenset({LineKind.POSTSCREEN_CONNECT, LineKind.SMTPD_CONNECT, LineKind.IMAP_LOGIN})

# Claimed addresses whose name is remembered; those of targets that are gone are the first to go.
REMEMBERED = 4096
# Names of unknown listeners, and how long one is told of after its last line, in seconds.
UNKNOWN_NAMES = 16
UNKNOWN_FOR = 3600.0


class ListenerNames:
    """What is known of the names; one may serve several ``Listeners``. What was learned outlives a new plan.

    Attributes:
        learned: listener ports by the names that were learned.
        shared: the stock names under which PROXY listeners log, by the port of the listener.
    """

    def __init__(self, services: Collection[Service] = ()) -> None:
        """Begin with what is given of these services."""
        self.learned: dict[str, int] = {}
        self.shared: dict[int, str] = {}
        self._claims: Mapping[str, int] = {}
        self._votes: dict[str, tuple[str, int]] = {}
        self._given: dict[str, int] = {}
        self._runbooks: dict[str, int] = {}
        self._ports: frozenset[int] = frozenset()
        self._learnable: frozenset[int] = frozenset()
        self._seen: set[int] = set()
        self._unknown: dict[str, float] = {}
        self.replan(services, {})

    def replan(self, services: Collection[Service], claims: Mapping[str, int]) -> None:
        """Take over services, and the listeners that our handshakes mean, by the address that each claims."""
        self._claims = claims
        self._given = {service.syslog_name: service.listener_port for service in services if service.syslog_name}
        unnamed = [service for service in services if not service.syslog_name]
        self._ports = frozenset(service.listener_port for service in services)
        self._runbooks = {
            str(service.frontend_port): service.listener_port for service in unnamed if not service.protocol.speaks_imap
        }
        for service in unnamed:
            if service.protocol.speaks_imap:
                self._given.setdefault(DOVECOT, service.listener_port)
        self._learnable = frozenset(service.listener_port for service in unnamed)
        self._votes = {address: vote for address, vote in self._votes.items() if vote[1] in self._learnable}
        self._seen &= self._ports
        self.shared = {port: name for port, name in self.shared.items() if port in self._ports}
        self._count_votes()

    def named(self, program: str) -> int | None:
        """Give the port of the PROXY listener that logs under a program's name by configuration or runbook."""
        given = self._given.get(program) or self._given.get(program.rpartition("/")[0])
        if given is not None:
            return given
        runbooks = _RUNBOOK.match(program)
        return None if runbooks is None else self._runbooks.get(runbooks[1])

    def learn(self, record: LogRecord) -> None:
        """Learn from a line that shows an address of ours, if one of our handshakes alone claims it."""
        port, program = self._claims.get(record.address), record.program
        if port is None or record.kind not in _CONNECTIONS or record.repeats:
            return
        named = self.named(program)
        if named is not None:
            self._knows(named)
        elif program in STOCK_NAMES or program == PASSED:
            if port not in self._seen:  # a session that postscreen has passed on is known by postscreen's name
                self.shared[port] = program
        elif port in self._learnable and _is_listener(program) and self._may_replace(record.address, program):
            self._vote(record.address, program, port)

    def saw(self, record: LogRecord, now: float) -> None:
        """Take note of a client, who came through the edge or may have, at a listener whose port is not known."""
        program = record.program
        if not (_is_listener(program) or has_no_name(program)):
            return
        if program in STOCK_NAMES or program in {PASSED, DOVECOT} or _RUNBOOK.match(program) or self.named(program):
            return
        self._unknown.pop(program, None)
        if len(self._unknown) >= UNKNOWN_NAMES:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[program] = now

    def unnamed(self, now: float) -> UnnamedListeners:
        """Give what the names do not tell at ``now``."""
        self._unknown = {
            name: at
            for name, at in self._unknown.items()
            if now - at < UNKNOWN_FOR and name not in self.learned and self.named(name) is None
        }
        unseen = self._ports - self._seen if self._unknown else frozenset()
        return UnnamedListeners(tuple(sorted(self._unknown)), dict(self.shared), unseen)

    def _knows(self, port: int) -> None:
        self._seen.add(port)
        self.shared.pop(port, None)

    def _may_replace(self, address: str, program: str) -> bool:
        """Tell whether a name is a listener's: not that of an smtpd to which a postscreen passes its sessions on."""
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
        told = ((program, _most(ports)) for program, ports in votes.items())
        self.learned = {program: port for program, port in told if port is not None}


def has_no_name(program: str) -> bool:
    """Tell whether the log names no program (``journalctl -o cat``)."""
    return program.startswith("-/")


def _is_listener(program: str) -> bool:
    """Tell whether a program is one that clients connect to: Postfix's by its daemon, Dovecot by having none."""
    return not has_no_name(program) and ("/" not in program or program.endswith(("/postscreen", "/smtpd")))


def _most(ports: Counter[int]) -> int | None:
    """Give what most of the votes are for; ``None`` where two have as many."""
    (first, most), *others = ports.most_common(2)
    return None if any(number == most for _, number in others) else first
