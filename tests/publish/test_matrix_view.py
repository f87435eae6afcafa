"""The matrix: a row for each front door and node, a column for each service, a link in each cell."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.core.proof import EvidenceKind, Proof, ProofResult
from monitor.core.verdicts import Agreement, Verdict
from monitor.publish.matrix_view import address_of, matrix, notes_on, proof_of
from tests import kinds
from tests.publish.reader import Reader
from tests.publish.statuses import path_status, target, target_status
from tests.views import showing

LOST = Proof(EvidenceKind.LOG, ProofResult.DISPROVEN, None, "192.0.2.7", "10.0.20.1")
PROVEN = Proof(EvidenceKind.REPLY, ProofResult.PROVEN, None, "192.0.2.7", "192.0.2.7")
OPEN = Proof(EvidenceKind.REPLY, ProofResult.UNPROVEN)


def test_every_front_door_and_node_has_a_row_with_a_cell_for_each_service() -> None:
    """A service without a front door has an empty cell there."""
    shown = matrix(path_status())
    assert shown.count('role="rowheader"') == 2
    assert shown.count('role="columnheader"') == 2
    assert shown.count('role="cell"') == 4
    assert shown.count("<a ") == 3


def test_a_target_that_works_shows_its_duration_and_a_failing_one_none() -> None:
    """A duration beside a failure would look like a success."""
    path = path_status()
    assert Reader(matrix(path)).text.count("250 ms") == 3
    down = showing(path, handshakes=tuple(target_status(s.target, Verdict.NO_GREETING) for s in path.handshakes))
    assert Reader(matrix(down)).text.count("250 ms") == 1


def test_a_cells_address_says_path_node_and_service_whatever_their_names() -> None:
    """It is relative, and survives ampersands and bytes that are no text."""
    odd = target(node="a&b=c", service="smtp \udc80")
    place = urlsplit(address_of(target_status(odd)))
    assert place.path == "target"
    assert parse_qs(place.query) == {"path": ["home"], "node": ["a&b=c"], "service": ["smtp ?"]}


@pytest.mark.parametrize(
    ("proofs", "together"),
    [
        ((), None),
        ((OPEN,), ProofResult.UNPROVEN),
        ((OPEN, PROVEN), ProofResult.PROVEN),
        ((PROVEN, LOST), ProofResult.DISPROVEN),
    ],
)
def test_one_proof_is_enough_and_one_disproof_is_seen(proofs: tuple[Proof, ...], together: ProofResult | None) -> None:
    """Evidence that is missing takes nothing away."""
    assert proof_of(replace(target_status(target()), proofs=proofs)) is together


def test_what_is_remarkable_is_noted_beside_the_verdict() -> None:
    """HAProxy's other view, a check that is down, a client IP that is not proven; nothing where all agrees."""
    good = target_status(target())
    assert notes_on(replace(good, proofs=(PROVEN,)), target_status(target(kinds.CHECK))) == []
    closed = target_status(target(kinds.CHECK), Verdict.PORT_CLOSED)
    doubtful = replace(good, agreement=Agreement.LB_DOWN_PATH_UP, proofs=(LOST,))
    assert len(notes_on(doubtful, closed)) == 3
    # where no dialogue works, nothing is said of the client IP
    failing = replace(target_status(target(), Verdict.NO_GREETING), proofs=(OPEN,))
    assert notes_on(failing) == []
