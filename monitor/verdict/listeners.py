"""Which listener a line of the mail log speaks of: by Postfix's syslog name, by Dovecot's destination address."""

import re
from collections.abc import Collection

from monitor.core.maillog import LineKind, LogRecord
from monitor.core.model import MailProtocol, Service

# The runbook's names for the PROXY services: postfix/smtpd-proxy25, postfix/smtpd-proxy465, postfix/smtpd-proxy587.
_PROXY_NAME = re.compile(r"\Apostfix/smtpd-proxy(\d+)(?:/|\Z)")
# Postfix's own names for the stock services (master.cf: submissions is smtps in older files).
_STOCK_NAMES = {
    "postfix/postscreen": MailProtocol.SMTP,
    "postfix/submissions/smtpd": MailProtocol.SMTPS,
    "postfix/smtps/smtpd": MailProtocol.SMTPS,
    "postfix/submission/smtpd": MailProtocol.SUBMISSION,
}
# Distinct names whose listener is remembered; a master.cf has some twenty.
REMEMBERED = 256


class Listeners:
    """Finds the listener's port for a record; PROXY listeners and stock ones of the same service differ."""

    def __init__(self, services: Collection[Service], proxied_destinations: Collection[str]) -> None:
        """Take the services, and the destination addresses that only a PROXY header can have named (the edges)."""
        self._proxy: dict[str, int] = {}
        self._stock: dict[str, int | None] = {}
        self._imaps: tuple[int, int | None] | None = None
        self._destinations = frozenset(proxied_destinations)
        self._of_postfix: dict[str, int | None] = {}
        self.proxy_ports: frozenset[int] = frozenset(service.listener_port for service in services)
        for service in services:
            self._proxy[str(service.frontend_port)] = service.listener_port
            for name, protocol in _STOCK_NAMES.items():
                if protocol is service.protocol:
                    self._stock[name] = service.check_listener_port
            if service.protocol.speaks_imap:
                self._imaps = (service.listener_port, service.check_listener_port)

    def of(self, record: LogRecord) -> int | None:
        """Give the port of the listener that wrote the line; ``None`` where the line does not tell.

        The second half of a port-25 session is written by the stock ``postfix/smtpd`` (``smtpd pass``), whichever
        postscreen it came from: it tells no listener.
        """
        program = record.program
        if program in self._of_postfix:
            return self._of_postfix[program]
        if record.kind is LineKind.IMAP_LOGIN or program.startswith("dovecot"):
            return self._of_dovecot(record)
        if len(self._of_postfix) >= REMEMBERED:
            self._of_postfix.clear()
        proxied = _PROXY_NAME.match(program)
        listener = self._stock.get(program) if proxied is None else self._proxy.get(proxied[1])
        self._of_postfix[program] = listener
        return listener

    def is_stock(self, program: str) -> bool:
        """Tell whether one of Postfix's own listeners, without PROXY, wrote the line."""
        return program in _STOCK_NAMES

    def _of_dovecot(self, record: LogRecord) -> int | None:
        if self._imaps is None or not record.local_address:
            return None
        proxy_port, stock_port = self._imaps
        return proxy_port if record.local_address in self._destinations else stock_port
