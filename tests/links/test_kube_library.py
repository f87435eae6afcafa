"""The Kubernetes library is loaded in part, in a process of its own: what is loaded stays loaded."""

import subprocess
import sys

import pytest

COUNT = (
    "import sys; from monitor.links.kube_library import kube_library; library = kube_library(); "
    "assert kube_library() == library; assert library.ApiClient and library.Configuration(); "
    "assert library.config.load_kube_config; "
    "print(sum(name.startswith('kubernetes_asyncio') for name in sys.modules))"
)


def modules(before: str) -> int:
    """Give how many modules of it are there after loading."""
    result = subprocess.run(
        [sys.executable, "-c", f"{before}; {COUNT}"], capture_output=True, text=True, timeout=60, check=True
    )
    return int(result.stdout)


@pytest.mark.parametrize(("before", "least", "most"), [("pass", 10, 30), ("import kubernetes_asyncio", 500, 5000)])
def test_the_models_are_left_out_unless_they_are_there(before: str, least: int, most: int) -> None:
    """A couple of dozen modules of 850; beside one who has imported all of it, it is as if there was nothing to do."""
    assert least < modules(before) < most
