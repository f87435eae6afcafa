"""What a Pushgateway is told of a roundtrip, under the names that older alerts know."""

from monitor.core.roundtrip import Roundtrip

JOB = "email-roundtrip-monitor"
MEDIA_TYPE = "text/plain; version=0.0.4"

_HELP = {
    "email_roundtrip_success": "Whether the message of the last roundtrip was found.",
    "email_roundtrip_duration_seconds": "How long the last roundtrip took.",
    "email_roundtrip_last_success_timestamp": "When a roundtrip last succeeded, in seconds since the epoch.",
    "email_roundtrip_via_backup": "Whether the message of the last roundtrip came by the backup MX.",
}


def push_path(url: str) -> str:
    """Give the URL to POST to: POST replaces metrics of the same name only, PUT would delete the last success."""
    return url if "/metrics/" in url else f"{url.rstrip('/')}/metrics/job/{JOB}"


def exposition(result: Roundtrip) -> bytes:
    """Write a result as Prometheus text; a failure says nothing of the last success, which therefore stays."""
    values = {
        "email_roundtrip_success": float(result.success),
        "email_roundtrip_duration_seconds": result.duration,
        "email_roundtrip_last_success_timestamp": result.at if result.success else None,
        "email_roundtrip_via_backup": float(result.via_backup),
    }
    lines = (
        f"# HELP {name} {_HELP[name]}\n# TYPE {name} gauge\n{name} {value!r}\n"
        for name, value in values.items()
        if value is not None
    )
    return "".join(lines).encode()
