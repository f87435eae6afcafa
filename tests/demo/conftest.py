"""Fixtures of the demo's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.demo import postscreen
from tests.demo.stand import Stand, open_stand


@pytest.fixture
async def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """Give a mail server whose greet wait is short."""
    monkeypatch.setattr(postscreen, "GREET_WAIT", 0.05)
    async with open_stand(tmp_path) as made:
        yield made
