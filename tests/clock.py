"""The present time for tests that need it: certificates, and stamps that a server compares with its own clock."""

from datetime import UTC, datetime

from monitor.links.clock import wall_clock


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.fromtimestamp(wall_clock(), UTC)
