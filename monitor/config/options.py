"""What the command line decides: how the daemon listens and logs, and which share of the paths is its own."""

from dataclasses import dataclass

from monitor.publish.web_config import WebSettings

DEFAULT_LISTEN_ADDRESS = ":9641"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The flags of ``mailpath run``.

    ``listen_addresses`` are as ``monitor.publish.listen`` reads them, ``web_settings`` is what ``--web.config.file``
    holds, ``log_format`` is ``None`` where the terminal decides. This daemon's share is ``shard``, counted from 0, of
    ``total_shards``.
    """

    listen_addresses: tuple[str, ...] = (DEFAULT_LISTEN_ADDRESS,)
    web_settings: WebSettings | None = None
    external_url: str | None = None
    enable_lifecycle: bool = False
    log_level: str = "info"
    log_format: str | None = None
    shard: int = 0
    total_shards: int = 1
