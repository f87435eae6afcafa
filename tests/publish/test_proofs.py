"""How the proof of the client IP is shown: metric, JSON and page, proven, disproven and neither."""

from dataclasses import replace

import pytest

from monitor.core.proof import EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.core.status import PathStatus
from monitor.publish.api import document
from monitor.publish.journal import View
from monitor.publish.page import render, render_target
from monitor.publish.rounds import TargetRounds
from tests.publish.reader import Reader
from tests.publish.scrape import metrics, scrape, select, value
from tests.publish.statuses import path_status
from tests.views import showing

PROVEN = Proof(EvidenceKind.REPLY, ProofResult.PROVEN, expected="192.0.2.7", seen="192.0.2.7", at=5.0, proven_at=5.0)
LOST = Proof(EvidenceKind.LOG, ProofResult.DISPROVEN, None, "192.0.2.7", "10.0.20.1", SeenAs.EDGE, at=5.0)
SILENT = Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, Unproven.NO_LINE, "192.0.2.7")
LABELS = {"path": "home", "node": "k8s-node1", "service": "smtp"}


def proving(*proofs: Proof) -> PathStatus:
    """Give the path whose first handshake and front door show these proofs."""
    path = path_status()
    return showing(
        path,
        handshakes=(replace(path.handshakes[0], proofs=proofs, listener=2525), *path.handshakes[1:]),
        front_doors=(replace(path.front_doors[0], proofs=proofs),),
    )


def test_each_kind_of_evidence_is_a_series() -> None:
    """Proven is 1, disproven 0; for the front door node is the edge's name."""
    series = scrape(metrics(), proving(PROVEN, LOST))
    assert value(series, "client_ip_recovered", **LABELS, evidence="reply") == 1
    assert value(series, "client_ip_recovered", **LABELS, evidence="log") == 0
    assert value(series, "client_ip_recovered", **LABELS | {"node": "pfsense"}, evidence="log") == 0


def test_what_is_unproven_is_absent() -> None:
    """Neither proof nor disproof: no series, never 0, and no address anywhere among the labels."""
    assert select(scrape(metrics(), proving(SILENT)), "client_ip_recovered") == []


def test_the_api_tells_result_reason_and_words() -> None:
    """A reader of JSON gets the closed values and the sentence."""
    (path,) = document([proving(PROVEN, SILENT)])["paths"]
    shown = path["handshakes"][0]
    assert [(each["evidence"], each["result"], each["why"]) for each in shown["proofs"]] == [
        ("reply", "proven", None),
        ("log", "unproven", "no_line"),
    ]
    assert shown["proofs"][1]["words"] == "log: unproven, no line of this connection came"
    assert shown["listener"] == 2525


@pytest.mark.parametrize(
    ("proofs", "note"),
    [
        ((PROVEN, SILENT), "1 of 1 proven"),
        ((SILENT,), "client IP unproven"),
        ((PROVEN, LOST), "client IP disproven"),
    ],
)
def test_the_page_shows_it(proofs: tuple[Proof, ...], note: str) -> None:
    """One kind of evidence proves, one that contradicts is seen, and the reasons stand on the target's page."""
    path = proving(*proofs)
    assert note in Reader(render([path]).decode()).text
    detail = Reader(render_target(path, path.handshakes[0], TargetRounds(), View()).decode()).text
    assert all(proof.words in detail for proof in proofs)
