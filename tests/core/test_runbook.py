"""The runbook's commands, filled in for the place that they are about."""

from dataclasses import replace

import pytest

from monitor.core.model import Service
from monitor.core.runbook import CERTIFICATE, MAIL_LOG, SHOW_STATE, about
from tests.verdict.build import IMAPS, SMTP, SMTPS, SUBMISSION

SHOWN = "</dev/null | openssl x509 -noout -dates -subject -issuer"


@pytest.mark.parametrize(
    ("service", "where"),
    [
        (IMAPS, "10.0.20.1:993"),
        (SMTPS, "10.0.20.1:465"),
        (replace(SMTPS, frontend_port=8465), "10.0.20.1:8465"),
        (SMTP, "10.0.20.1:25 -starttls smtp"),
        (SUBMISSION, "10.0.20.1:587 -starttls smtp"),
    ],
)
def test_a_certificate_is_asked_for_at_the_services_own_frontend(service: Service, where: str) -> None:
    """At its port, and by STARTTLS where TLS does not begin by itself."""
    assert about(CERTIFICATE, "10.0.20.1", service) == f"openssl s_client -connect {where} {SHOWN}"


def test_an_ipv6_address_stands_in_brackets_before_a_port() -> None:
    """There alone: ssh takes it bare."""
    assert "-connect [2001:db8::1]:993 " in about(CERTIFICATE, "2001:db8::1", IMAPS)
    assert about(SHOW_STATE, "2001:db8::1", IMAPS).startswith("ssh admin@2001:db8::1 ")
    assert about(MAIL_LOG, "2001:db8::1", IMAPS) == MAIL_LOG
