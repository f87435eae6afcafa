"""The laboratory for tests: one that is shared and healed after every test, and special ones on demand."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.lab.haproxy import Settings
from tests.lab.lab import Lab
from tests.lab.postfix import CACHED

LabFactory = Callable[..., Lab]


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Give the shared laboratory; parametrized with ``UNCACHED``, one whose postscreen knows nobody again."""
    with Lab(postscreen_cache=getattr(request, "param", CACHED) == CACHED) as shared:
        yield shared


@pytest.fixture(autouse=True)
def healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take every fault back after a test that uses the shared laboratory."""
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").heal()


@pytest.fixture
def trust(lab: Lab) -> ssl.SSLContext:
    """Give a client's TLS that trusts the laboratory's authority and nobody else."""
    return ssl.create_default_context(cafile=str(lab.ca_file))


@pytest.fixture
def lab_factory() -> Iterator[LabFactory]:
    """Start laboratories with parameters of their own; they end with the test."""
    with ExitStack() as running:

        def start(*, postscreen_cache: bool = True, settings: Settings | None = None) -> Lab:
            return running.enter_context(Lab(postscreen_cache=postscreen_cache, settings=settings))

        yield start
