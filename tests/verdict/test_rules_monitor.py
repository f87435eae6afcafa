"""What we cannot see, and why."""

import pytest

from monitor.core.conversation import Failure
from monitor.core.kube import Cluster
from monitor.core.observations import KubernetesObservation
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from tests.verdict.build import NODES, all_well, plan

NOW = 1_000_000.0
DOWN = Failure(Phase.API, Reason.REFUSED, "Connection refused")
FORBIDDEN = Failure(Phase.FOLLOW, Reason.PERMISSION_DENIED, "nodes is forbidden")


def looked(failure: Failure | None, nodes: Failure | None = None) -> KubernetesObservation:
    """Observe a look at a cluster of which nothing has been seen; ``nodes`` says why they are not shown."""
    gaps = {} if nodes is None else {"nodes": nodes}
    return KubernetesObservation("home", 0.0, 0.0, NOW, Cluster(), failure, gaps)


@pytest.mark.parametrize(
    ("round_", "because", "remedy"),
    [
        (looked(DOWN), "kubernetes: refused: Connection refused", "kubectl get --raw '/readyz?verbose'"),
        (looked(None, FORBIDDEN), "kubernetes: permission_denied: nodes is forbidden", "mailpath rbac "),
    ],
)
def test_nodes_that_the_api_does_not_show_are_why_nothing_is_known(
    round_: KubernetesObservation, because: str, remedy: str
) -> None:
    """Where it alone knows them, and also without a block for the mail server: our own log would not say more."""
    book = PathBook(plan(nodes=(), edges=(), maillog=None))
    assert str(book.status(0.0, NOW).diagnosis.remedy) == "Read mailpath's own log."
    book.record(round_)
    diagnosis = book.status(0.0, NOW).diagnosis
    assert (diagnosis.hop, diagnosis.evidence) == (Hop.MONITOR, (because,))
    assert "Kubernetes API" in diagnosis.summary
    assert str(diagnosis.remedy).startswith(remedy)
    book.record(looked(None))
    assert str(book.status(0.0, NOW).diagnosis.remedy) == "Read mailpath's own log."


def test_a_path_whose_front_doors_alone_are_known_is_not_sound() -> None:
    """They may be fine while no node is known."""
    book = all_well(PathBook(plan(nodes=(), maillog=None)))
    assert book.status(0.0, NOW).diagnosis.hop is Hop.NONE
    book.record(looked(DOWN))
    diagnosis = book.status(0.0, NOW).diagnosis
    assert diagnosis.hop is Hop.MONITOR
    assert diagnosis.evidence == ("nodes: the Kubernetes API shows none (refused)",)
    assert str(diagnosis.remedy).startswith("kubectl get --raw")


def test_nodes_that_are_fixed_need_no_api() -> None:
    """Its failure is told as a finding, where its block is configured."""
    book = all_well(PathBook(plan(nodes=NODES)))
    book.record(looked(DOWN))
    assert book.status(0.0, NOW).diagnosis.hop is Hop.NONE
