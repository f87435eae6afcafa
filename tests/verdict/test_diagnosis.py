"""The diagnosis: one cause is shown, those independent of it beside it, its effects below it."""

from dataclasses import replace

from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.diagnosis import RULES, diagnose
from monitor.verdict.evidence import FINE, Evidence
from tests.verdict import build
from tests.verdict.build import (
    NODES,
    SERVICES,
    SMTP,
    SUBMISSION,
    check,
    handshake,
    refused,
    seen,
    silent,
    status_of,
    well,
)
from tests.views import showing

GOOD = status_of(well())


def evidence() -> Evidence:
    """Give a sound path."""
    return Evidence(build.plan(), GOOD.targets, GOOD.edges, GOOD.maillog)


def test_rules_stand_in_the_order_of_the_hops() -> None:
    """The first that applies is shown, and the order of ``Hop`` is a promise."""
    hops = [hop for hop, _ in RULES]
    assert hops == sorted(hops, key=list(Hop).index)
    assert len({rule for _, rule in RULES}) == len(RULES)


def test_a_sound_path_is_none_and_so_is_a_standbys_share_of_it() -> None:
    """A standby says that it sees only a part."""
    whole = diagnose(evidence())
    part = diagnose(replace(evidence(), plan=replace(build.plan(), elected=False)))
    assert (whole.hop, part.hop) == (Hop.NONE, Hop.NONE)
    assert whole.summary != part.summary
    assert (whole.evidence, whole.remedy, whole.effects, whole.others) == ((), None, (), ())


def test_what_is_not_known_is_never_called_sound() -> None:
    """One handshake that was never tried is enough."""
    first, *others = GOOD.handshakes
    unknown = replace(first, verdict=Verdict.UNKNOWN, up=None, stale=True, last=None)
    assert Verdict.UNKNOWN in FINE
    assert diagnose(showing(evidence(), handshakes=(unknown, *others))).hop is Hop.MONITOR


def test_effects_stand_below_their_cause_and_are_no_causes() -> None:
    """A silent node's closed healthcheck ports are not told apart from it."""
    book = well()
    for service in SERVICES:
        for _ in range(2):
            book.record(silent(handshake(service, "k8s-node2")))
            if service.check_node_port is not None:
                book.record(silent(check(service, "k8s-node2")))
    diagnosis = status_of(book).diagnosis
    assert (diagnosis.hop, diagnosis.others) == (Hop.NODE, ())
    assert [line.split()[0] for line in diagnosis.effects] == ["check"] * 3
    assert not set(diagnosis.effects) & set(diagnosis.evidence)


def test_independent_causes_are_listed_with_their_hops() -> None:
    """The first hop of the table is shown, the other one is not lost."""
    book = well()
    for _ in range(2):
        for node in NODES:
            book.record(refused(handshake(SUBMISSION, node.name)))
            book.record(seen(handshake(SMTP, node.name), Verdict.TLS_INVALID))
    diagnosis = status_of(book).diagnosis
    assert diagnosis.hop is Hop.LISTENER
    assert [other.partition(":")[0] for other in diagnosis.others] == ["tls"]
