"""The Secret's certificate against the served ones: equal, renewed and not loaded, another one, none."""

from dataclasses import replace

import pytest

from monitor.core.conversation import TlsFacts
from monitor.core.kube import SecretCertificate
from monitor.core.status import Drift
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.verdict.build import IMAPS, SMTP, seen
from tests.verdict.kube_build import SOUND, book, looked

DAY = 86_400.0
NOW = 1_000_000.0
OLD, NEW = SecretCertificate("aa", NOW + 20 * DAY), SecretCertificate("bb", NOW + 80 * DAY)


def serving(held: SecretCertificate | None, served: SecretCertificate, **changes: object) -> PathBook:
    """Give a book of a path whose services serve one certificate while the Secret holds another, or none."""
    cluster = replace(SOUND, certificates={"mail-tls": held})
    made = book(cluster, **({"certificate_secret": "mail-tls"} | changes))
    for plan in made.plan.targets:
        if plan.target.probe is kinds.HANDSHAKE and plan.target.service in {SMTP.name, IMAPS.name}:
            facts = TlsFacts("TLSv1.3", "", served.not_after, served.fingerprint)
            made.record(replace(seen(plan.target), tls=facts))
    return made


def drifts(made: PathBook, at: float = 1.0) -> list[Drift]:
    """Give the drifts about the Secret."""
    found = made.status(at, NOW + at).findings
    return [each for each in found if isinstance(each, Drift) and each.subject == "secret/mail-tls"]


def test_what_the_secret_holds_is_served() -> None:
    """The same certificate is no finding."""
    assert drifts(serving(NEW, NEW)) == []


def test_a_renewed_certificate_that_nobody_serves_yet() -> None:
    """Both ends are told, the services that show the old one, and the restart that would load the new one."""
    (drift,) = drifts(serving(NEW, OLD))
    assert (drift.severity, drift.kind) == ("warning", "certificate_not_served")
    assert "was renewed, and the services do not serve it yet" in drift.message
    assert drift.declared == "one that ends 1970-04-02 13:46 UTC"
    assert drift.observed == "one that ends 1970-02-01 13:46 UTC on smtp, imaps"
    assert str(drift.remedy) == "kubectl rollout restart deployment/mailserver -n mailserver"


@pytest.mark.parametrize(("days", "severity"), [(4, "warning"), (2, "critical"), (-1, "critical")])
def test_it_is_urgent_when_the_old_one_ends_soon(days: int, severity: str) -> None:
    """Three days before the end, or past it, nobody may wait any longer."""
    (drift,) = drifts(serving(NEW, SecretCertificate("aa", NOW + 1 + days * DAY)))
    assert drift.severity == severity


def test_another_certificate_that_is_not_newer() -> None:
    """It need not be a renewal: a default certificate may be served, or the Secret be the old one."""
    (drift,) = drifts(serving(OLD, NEW))
    assert "is not the one that is served" in drift.message
    (drift,) = drifts(serving(SecretCertificate("cc", None), NEW))
    assert drift.declared == "one that ends nobody knows when"


def test_no_certificate_in_the_secret() -> None:
    """A Secret that is not there, or holds no certificate, is told too."""
    assert [(each.severity, each.kind) for each in drifts(serving(None, OLD))] == [("warning", "certificate_missing")]


def test_what_is_stale_or_not_asked_for_is_not_compared() -> None:
    """An old round says nothing of now, and without a Secret there is nothing to compare."""
    late = serving(NEW, OLD)
    late.record(looked(replace(SOUND, certificates={"mail-tls": NEW}), now=500.0))
    assert drifts(late, 500.0) == []
    assert drifts(serving(NEW, OLD, certificate_secret=None)) == []


def test_it_can_be_acknowledged() -> None:
    """As any drift, by its subject."""
    (drift,) = drifts(serving(NEW, OLD, ignored=frozenset({"secret/mail-tls"})))
    assert (drift.severity, drift.acknowledged) == ("info", True)
