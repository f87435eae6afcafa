"""What the command line decides: how the daemon listens and logs, and which share of the paths is its own."""

import re
from dataclasses import dataclass

from monitor.publish.external_url import ExternalUrl
from monitor.publish.web_config import WebSettings

DEFAULT_LISTEN_ADDRESS = ":9641"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The flags of ``mailpath run``.

    ``listen_addresses`` are as ``monitor.publish.listen`` reads them, ``web_settings`` is what ``--web.config.file``
    holds, ``log_format`` is ``None`` where the terminal decides. This daemon's share is ``shard``, counted from 0, of
    ``total_shards``. What outlives the process is kept in ``state_file`` (``None``: nothing is).
    """

    listen_addresses: tuple[str, ...] = (DEFAULT_LISTEN_ADDRESS,)
    web_settings: WebSettings | None = None
    external_url: ExternalUrl | None = None
    enable_lifecycle: bool = False
    log_level: str = "info"
    log_format: str | None = None
    shard: int = 0
    total_shards: int = 1
    state_file: str | None = None


def shard_of_pod(pod: str) -> int | None:
    """Return a StatefulSet pod's ordinal, 0 of ``mailpath-0``; ``None`` for any other pod's or host's name."""
    ordinal = re.fullmatch(r".+-(0|[1-9][0-9]{0,5})", pod, re.ASCII)
    return int(ordinal[1]) if ordinal else None
