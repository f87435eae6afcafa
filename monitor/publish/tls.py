"""The web server's TLS context, which notices renewed certificate files by itself."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from monitor.core.errors import ConfigError, Fault
from monitor.publish.web_config import TlsSettings


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """Make the context; at each handshake changed files are read again.

    A file that cannot be read just then (renewal in progress) leaves the last good certificate in use.

    Raises:
        ConfigError: The files do not hold a certificate and its key.
    """
    try:
        context = _load(settings)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(Fault(str(settings.cert_file), f"no usable certificate and key: {error}")) from error
    context.sni_callback = _reloader(settings, context)
    return context


def _reloader(
    settings: TlsSettings, context: ssl.SSLContext
) -> Callable[[ssl.SSLObject | ssl.SSLSocket, str | None, ssl.SSLContext], None]:
    current = context
    seen = _versions(settings)

    def renew(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        # OpenSSL calls this for every ClientHello, one without a server name included.
        nonlocal current, seen
        now = _versions(settings)
        if now != seen:
            # Certificate and key that do not match yet, or are just being written: the next handshake looks again.
            with suppress(OSError, ssl.SSLError):
                current, seen = _load(settings), now
        if current is not context:
            connection.context = current

    return renew


def _versions(settings: TlsSettings) -> tuple[tuple[int, int, int] | None, ...]:
    files = (settings.cert_file, settings.key_file, settings.client_ca_file)
    return tuple(_version(file) for file in files if file is not None)


def _version(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _load(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = settings.min_version
    context.maximum_version = settings.max_version
    context.load_cert_chain(settings.cert_file, settings.key_file)
    if settings.client_ca_file is not None:
        context.load_verify_locations(settings.client_ca_file)
    context.verify_mode = settings.client_auth
    return context
