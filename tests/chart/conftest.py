"""A real helm, fetched once into a cache, and what the chart renders for each file of values."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.chart.helm import ROOT, Document, Helm, values


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Give helm and kubectl."""
    told = subprocess.run([str(ROOT / "tools" / "helm.sh")], capture_output=True, text=True, check=True, timeout=300)
    return Helm(Path(told.stdout.strip()), tmp_path_factory.mktemp("helm"))


class Rendered:
    """What is rendered for each file of values, once."""

    def __init__(self, helm: Helm) -> None:
        """Render nothing yet."""
        self._once = cache(lambda name: helm.render(values(name)))

    def __getitem__(self, name: str) -> list[Document]:
        """Give the objects for a file of values."""
        return self._once(name)


@pytest.fixture(scope="session")
def rendered(helm: Helm) -> Rendered:
    """Give all renderings."""
    return Rendered(helm)
