"""The image under test; left out by name where none is given. What is measured stands at the end of the run."""

import pytest

from tests.image.container import IMAGE

if not IMAGE:
    collect_ignore_glob = ["test_*.py"]

MEASURED = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep a place for the figures."""
    config.stash[MEASURED] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was measured, or what was left out."""
    if not IMAGE:
        words = "left out: tests/image (MAILPATH_IMAGE is not set; make test-image builds the image and tests it)"
        terminalreporter.write_line(words)
    for what, figure in config.stash[MEASURED].items():
        terminalreporter.write_line(f"image: {what}: {figure}")


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> dict[str, str]:
    """Give the place for the figures that the README tells."""
    if not IMAGE:  # a file of this room that was named on the command line
        pytest.skip("MAILPATH_IMAGE is not set")
    return pytestconfig.stash[MEASURED]
