"""Which listener a line of the mail log speaks of: by Postfix's syslog name, by Dovecot's destination address."""

from collections.abc import Collection

from monitor.core.maillog import LineKind, LogRecord
from monitor.core.model import Service
from monitor.verdict.listener_names import DOVECOT, PASSED, STOCK_NAMES, ListenerNames

# Distinct names whose listener is remembered; a master.cf has some twenty.
REMEMBERED = 256


class Listeners:
    """Finds the listener's port for a record; PROXY listeners and stock ones of the same service differ."""

    def __init__(
        self,
        services: Collection[Service],
        proxied_destinations: Collection[str],
        names: ListenerNames | None = None,
    ) -> None:
        """Take the services, and the destination addresses that only a PROXY header can have named (the edges).

        ``names`` are those of the same services; without, nothing is learned.
        """
        self.names = names or ListenerNames(services)
        self._stock: dict[str, int | None] = {}
        self._imaps: tuple[int, int | None] | None = None
        self._destinations = frozenset(proxied_destinations)
        self._of_postfix: dict[str, int | None] = {}
        self.proxy_ports: frozenset[int] = frozenset(service.listener_port for service in services)
        for service in services:
            for name, protocol in STOCK_NAMES.items():
                if protocol is service.protocol:
                    self._stock[name] = service.check_listener_port
            if service.protocol.speaks_imap:
                self._imaps = (service.listener_port, service.check_listener_port)

    def of(self, record: LogRecord) -> int | None:
        """Give the port of the listener that wrote the line; ``None`` where the line does not tell.

        The second half of a port-25 session is written by the stock ``postfix/smtpd`` (``smtpd pass``), whichever
        postscreen it came from: it tells no listener.
        """
        program, known = record.program, self._of_postfix
        if program in known:
            return known[program]
        if record.kind is LineKind.IMAP_LOGIN or "/" not in program:
            return self._of_dovecot(record)
        if program in self.names.learned:
            return self.names.learned[program]
        if len(known) >= REMEMBERED:
            known.clear()
        named = self.names.named(program)
        listener = self._stock.get(program) if named is None else named
        if listener is not None or program == PASSED:
            known[program] = listener
        return listener

    def is_stock(self, program: str) -> bool:
        """Tell whether one of Postfix's own listeners, without PROXY, wrote the line."""
        return program in STOCK_NAMES and self.names.named(program) is None

    def _of_dovecot(self, record: LogRecord) -> int | None:
        if self._imaps is None or not record.local_address:
            return None
        proxy_port, stock_port = self._imaps
        program = record.program
        if program != DOVECOT and program not in self.names.learned and self.names.named(program) is None:
            return None
        return proxy_port if record.local_address in self._destinations else stock_port
