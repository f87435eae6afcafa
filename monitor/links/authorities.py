"""Which certificates our clients trust: one rule for each of them, on every Python.

From 3.13 on ``ssl.create_default_context`` adds two flags that a context built by hand does not have. One of them,
``VERIFY_X509_STRICT``, refuses what mail clients accept: an authority without ``keyUsage``, an authority whose
``basicConstraints`` is not critical, a certificate without an authority key identifier (RFC 5280, section 4.2.1). A
monitor that fails where every client succeeds raises false alarms, so it is never set here. The other,
``VERIFY_X509_PARTIAL_CHAIN``, trusts an intermediate in ``ca_file`` without its root, as curl and Go do: always set.
"""

import ssl

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client's TLS context that verifies chain, time, purpose and name; ``None`` trusts the system's authorities.

    Raises:
        LinkError: ``not_found``, ``permission_denied``, ``malformed`` or ``local_error``: ``ca_file`` cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    if ca_file is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except FileNotFoundError as error:
        raise LinkError(Reason.NOT_FOUND, f"{ca_file}: no such file") from error
    except PermissionError as error:
        raise LinkError(Reason.PERMISSION_DENIED, f"{ca_file}: permission denied") from error
    except ssl.SSLError as error:
        raise LinkError(Reason.MALFORMED, f"{ca_file}: holds no certificate in PEM") from error
    except OSError as error:
        raise LinkError(Reason.LOCAL_ERROR, f"{ca_file}: {error.strerror}") from error
    return context
