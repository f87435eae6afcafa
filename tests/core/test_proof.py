"""What a proof says to a person."""

import pytest

from monitor.core.proof import EvidenceKind, Proof, ProofResult, SeenAs, Unproven


def test_a_proof_names_the_address() -> None:
    """Proven: by which evidence, and as whom we are seen."""
    proof = Proof(EvidenceKind.LOG, ProofResult.PROVEN, expected="192.0.2.7", seen="192.0.2.7")
    assert proof.words == "log: proven, seen as 192.0.2.7"


def test_a_loss_names_both_addresses() -> None:
    """Disproven: who is seen, what kind of address that is, and who should be."""
    proof = Proof(
        EvidenceKind.REPLY,
        ProofResult.DISPROVEN,
        expected="192.0.2.7",
        seen="10.0.20.1",
        seen_as=SeenAs.EDGE,
    )
    assert proof.words == "reply: seen as 10.0.20.1 (edge) instead of 192.0.2.7"


@pytest.mark.parametrize("why", list(Unproven))
def test_every_unproven_has_its_reason(why: Unproven) -> None:
    """Unproven is never without a reason, and where an address was seen, it is named."""
    words = Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, why, seen="10.0.20.102").words
    assert words.startswith("log: unproven, ")
    assert len(words) > len("log: unproven, ")
    assert ("10.0.20.102" in words) is (why in {Unproven.SNAT, Unproven.UNCONFIRMED})
