"""Fixtures that several tests of links share."""

import gc
import select
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.links.tls import TlsClient
from monitor.links.tls_sessions import Reads
from tests.links.certificates import Authority
from tests.links.peers import descriptors


@pytest.fixture
def nothing_stays_open() -> Iterator[None]:
    """Prove that no descriptor is left behind."""
    before = descriptors()
    yield
    gc.collect()
    assert descriptors() <= before


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Give the authority that clients trust."""
    return Authority()


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> TlsClient:
    """Give a client that verifies, and may read as many sessions as a process of its own."""
    return TlsClient(authority.ca_file(tmp_path), reads=Reads())


@pytest.fixture
def good(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """Give a server's context with a good certificate."""
    return authority.issue().server_context(tmp_path)


@pytest.fixture(params=["epoll of its own", "the loop itself"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as on Linux, and as where there is no epoll."""
    if request.param != "epoll of its own":
        monkeypatch.delattr(select, "epoll")
