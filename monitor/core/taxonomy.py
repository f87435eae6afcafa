"""The failure taxonomy: phase x reason, two closed sets; label values of ``mailpath_probe_failures_total``."""

from enum import StrEnum


class Phase(StrEnum):
    """The step of a probe at which it stood; each is timed apart."""

    CONNECT = "connect"
    PROXY_HEADER = "proxy_header"
    TLS_HANDSHAKE = "tls_handshake"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    CAPABILITY = "capability"
    PROOF = "proof"
    QUIT = "quit"
    SSH = "ssh"
    COMMAND = "command"
    PARSE = "parse"
    FOLLOW = "follow"
    API = "api"


class Reason(StrEnum):
    """Why a phase failed."""

    # the network's and the kernel's answers
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    CLOSED = "closed"
    LOCAL_ERROR = "local_error"
    # what a mail server may say wrong
    HEADER_REJECTED = "header_rejected"
    HEADER_NOT_CONSUMED = "header_not_consumed"
    TURNED_AWAY = "turned_away"
    UNEXPECTED_REPLY = "unexpected_reply"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    ACCEPTED = "accepted"
    # TLS
    STARTTLS_NOT_OFFERED = "starttls_not_offered"
    STARTTLS_REFUSED = "starttls_refused"
    TLS_PLAINTEXT = "tls_plaintext"
    TLS_ERROR = "tls_error"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_NAME_MISMATCH = "certificate_name_mismatch"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    # SSH, HAProxy's socket, files, the Kubernetes API
    HOST_KEY_MISMATCH = "host_key_mismatch"
    AUTH_FAILED = "auth_failed"
    COMMAND_FAILED = "command_failed"
    ARGUMENTS_LOST = "arguments_lost"
    SOCKET_MISSING = "socket_missing"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    STALE = "stale"
    API_ERROR = "api_error"
    # ours: an exception that nobody expected
    BUG = "bug"
