"""The TLS client that all conversations of a path share."""

from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError, Fault, LinkError
from monitor.links.tls import TlsClient


def tls_client(path: PathSettings, kept: TlsClient | None = None) -> TlsClient:
    """Make the TLS client of a path, or give the one that is ``kept`` from the same settings, if it trusts the same.

    Raises:
        ConfigError: The trusted roots cannot be read.
    """
    if kept is not None and path.tls.ca_file is None:
        # The system's roots are a hundred and more certificates: they are not read again for a path that goes on.
        return kept
    try:
        made = TlsClient(path.tls.ca_file, verify=path.tls.verify)
    except LinkError as error:
        raise ConfigError(Fault(f"paths.{path.name}.tls.ca_file", error.detail)) from error
    return kept if kept is not None and kept.authorities == made.authorities else made
