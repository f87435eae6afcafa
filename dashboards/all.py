"""Every dashboard, and its JSON as Grafana takes it."""

from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.itself import itself
from dashboards.mail_log import mail_log
from dashboards.overview import overview
from dashboards.services import services

FOLDER = Path(__file__).parent / "json"


def boards() -> Iterator[Dashboard]:
    """Build every dashboard."""
    yield overview()
    yield services()
    yield mail_log()
    yield itself()


def documents() -> dict[str, str]:
    """Give each dashboard's JSON by its file name, which is its uid's."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {f"{board.uid}.json": f"{encoder.encode(board)}\n" for board in boards()}
