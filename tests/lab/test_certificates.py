"""Certificates that are wrong, shown by real servers."""

import ssl
from collections.abc import Callable

import pytest

from tests.lab.certificates import SERVER_NAME
from tests.lab.helpers import open_node_port
from tests.lab.lab import Lab


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Lab.expire_certificate, "certificate has expired"),
        (Lab.misname_certificate, "Hostname mismatch"),
        (Lab.distrust_certificate, "unable to get local issuer certificate"),
    ],
)
def test_certificates_go_wrong_in_every_way(
    lab: Lab, trust: ssl.SSLContext, fault: Callable[[Lab], None], message: str
) -> None:
    """Postfix and Dovecot present the certificate that is put before them, from the next connection on."""
    fault(lab)
    for node_port in (30126, 30128):
        with (
            open_node_port(lab, "k8s-node1", node_port, "192.0.2.207") as dialogue,
            pytest.raises(ssl.SSLCertVerificationError, match=message),
        ):
            dialogue.tls(trust, SERVER_NAME)
