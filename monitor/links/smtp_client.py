"""One message by SMTP, by the standard library, in a thread."""

import smtplib
import socket
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from monitor.core.errors import LinkError, WireError
from monitor.core.taxonomy import Reason
from monitor.links.in_thread import in_thread
from monitor.links.tcp import reason_of


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Whom to give messages to; ``timeout`` is for all of it, in seconds: postscreen alone may take six."""

    host: str
    port: int
    helo: str
    source_address: str | None
    timeout: float


class SmtpClient:
    """Gives messages to one server, by a connection of its own each, in plain text: nothing in them is secret."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Connect to nothing yet."""
        self._settings = settings

    async def send(self, message: EmailMessage, sender: str, recipient: str) -> str:
        """Send; gives our own address of that connection.

        Raises:
            LinkError: REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED: the connection's.
            WireError: TURNED_AWAY: the server does not take the message, its own words are in the detail.
        """
        delivery = _Delivery(self._settings)
        return await in_thread(delivery, partial(delivery.send, message, sender, recipient), self._settings.timeout)


class _Delivery:
    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        source = (settings.source_address, 0) if settings.source_address is not None else None
        self._client = smtplib.SMTP(local_hostname=settings.helo, timeout=settings.timeout, source_address=source)

    @property
    def connection(self) -> socket.socket | None:
        return self._client.sock

    def send(self, message: EmailMessage, sender: str, recipient: str) -> str:
        client = self._client
        try:
            code, said = client.connect(self._settings.host, self._settings.port)
            if code != 220:  # noqa: PLR2004 - RFC 5321, section 4.2.3: service ready
                raise _turned_away(code, said)
            if client.sock is None:
                raise LinkError(Reason.CLOSED, "the server closed the connection")
            own: str = client.sock.getsockname()[0]
            client.send_message(message, sender, [recipient])
            with suppress(smtplib.SMTPException, OSError):  # it is theirs already
                client.quit()
        except smtplib.SMTPRecipientsRefused as error:
            raise _turned_away(*error.recipients[recipient]) from None
        except smtplib.SMTPResponseException as error:
            raise _turned_away(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPServerDisconnected:
            raise LinkError(Reason.CLOSED, "the server closed the connection") from None
        except smtplib.SMTPException as error:
            raise WireError(Reason.UNEXPECTED_REPLY, str(error)[:200]) from None
        except TimeoutError as error:
            raise LinkError(Reason.TIMEOUT, "no answer") from error
        except OSError as error:
            raise LinkError(reason_of(error), error.strerror or str(error)) from error
        else:
            return own
        finally:
            client.close()


def _turned_away(code: int, said: bytes | str) -> WireError:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return WireError(Reason.TURNED_AWAY, f"{code} {' '.join(text.split())[:200]}")
