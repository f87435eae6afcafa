"""Observations: which probe runs count as a success, and the labels under which they are published."""

from dataclasses import replace

import pytest

from monitor.core.conversation import Failure
from monitor.core.kube import Cluster
from monitor.core.model import Target
from monitor.core.observations import (
    HaproxyObservation,
    Judgement,
    KubernetesObservation,
    MaillogBatch,
    NegativeObservation,
    Observation,
    Repeat,
)
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from tests import kinds

CHECK = Target("home", kinds.CHECK, "k8s-node1", "smtp")
FAILURE = Failure(Phase.API, Reason.TIMEOUT)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_probe_run_counts_by_its_verdict(verdict: Verdict) -> None:
    """Slow mail and mail with a lost client IP still flow."""
    judgement = Judgement(verdict)
    assert judgement.ok is verdict.up
    assert Observation(CHECK, 1.0, 2.0, 3.0, judgement).ok is verdict.up


def test_a_repeat_stands_for_a_whole_successful_check() -> None:
    """Whoever needs the observation gets one that says the same."""
    repeat = Repeat(CHECK, 1.0, 1.25, 3.0, seconds=0.002)
    assert repeat.whole == Observation(
        CHECK, 1.0, 1.25, 3.0, Judgement(Verdict.OK), {Phase.CONNECT: 0.002}, answered=True
    )
    assert repeat.judgement == repeat.whole.judgement


@pytest.mark.parametrize(
    ("observation", "target"),
    [
        (HaproxyObservation("home", "pfsense", 1.0, 2.0, 3.0, ssh_ok=True), (kinds.HAPROXY, "pfsense")),
        (MaillogBatch("home", "file", 2.0, 3.0), (kinds.MAILLOG, "")),
        (KubernetesObservation("home", 1.0, 2.0, 3.0, Cluster()), (kinds.KUBERNETES, "")),
    ],
)
def test_an_observation_of_a_layer_is_ok_without_a_failure(
    observation: HaproxyObservation | MaillogBatch | KubernetesObservation, target: tuple[kinds.ProbeKind, str]
) -> None:
    """It belongs to no service, and to a node only where that is an edge."""
    probe, node = target
    assert observation.target == Target("home", probe, node, "")
    assert observation.ok
    assert not replace(observation, failure=FAILURE).ok


@pytest.mark.parametrize(("refused", "ok"), [(True, True), (False, False), (None, False)])
def test_a_negative_probe_is_ok_only_where_it_was_refused(*, refused: bool | None, ok: bool) -> None:
    """A run that could not be carried out proves nothing."""
    canary = Target("home", kinds.RELAY_CANARY, "", "smtp")
    assert NegativeObservation(canary, "k8s-node1", 1.0, 2.0, 3.0, refused).ok is ok
