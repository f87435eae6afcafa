"""What to run next, where the mail server's own listeners or certificates are at fault."""

from dataclasses import replace

from monitor.core.conversation import Failure
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.path_book import PathBook
from tests.verdict.build import IMAPS, SMTPS, all_well, door, handshake, plan, seen

NOW = 1_000_000.0
EXPIRED = Failure(Phase.TLS_HANDSHAKE, Reason.CERTIFICATE_EXPIRED, "since yesterday")


def test_the_certificate_is_asked_for_where_it_is_at_fault() -> None:
    """At the failing service's own frontend, whatever its port."""
    services = (IMAPS, replace(SMTPS, frontend_port=8465))
    book = all_well(PathBook(plan(services=services)))
    for _ in range(2):
        for target in (door(SMTPS), handshake(SMTPS), handshake(SMTPS, "k8s-node2")):
            book.record(seen(target, Verdict.TLS_INVALID, EXPIRED))
    diagnosis = book.status(0.0, NOW).diagnosis
    assert diagnosis.hop is Hop.TLS
    assert str(diagnosis.remedy).startswith("openssl s_client -connect 10.0.20.1:8465 </dev/null")
