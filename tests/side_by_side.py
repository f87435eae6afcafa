"""How the tests are dealt out to xdist's workers: by groups, the longest first (``tests/rooms.py`` says which)."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.rooms import SERVERS, group_of, rank_of, room_of


class Groups(LoadScopeScheduling):  # type: ignore[misc] # xdist says nothing of its types
    """Hands whole groups to workers, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Keep the order of the collection: xdist would begin with what has the most tests, not with what lasts longest."""
    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "servers: takes real servers, or programs that a bare machine has not")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes servers, and put the groups in their order."""
    for item in items:
        if room_of(item.nodeid) in SERVERS:
            item.add_marker(pytest.mark.servers)
    items.sort(key=lambda item: (rank_of(item.nodeid), group_of(item.nodeid)))
