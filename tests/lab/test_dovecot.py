"""Real Dovecot must behave here as it was measured to behave elsewhere."""

import re
import ssl

import pytest

from tests.lab.certificates import SERVER_NAME
from tests.lab.helpers import claimed, each_node, open_node_port
from tests.lab.lab import Lab


def test_imaps_sees_the_claimed_client_through_every_node(lab: Lab, trust: ssl.SSLContext) -> None:
    """Port 30128 leads to Dovecot, which logs the header's addresses at the end of the session."""

    def probe(node: str) -> None:
        client, mark = re.escape(claimed(node, 4)), lab.maillog.mark()
        with open_node_port(lab, node, 30128, claimed(node, 4)) as dialogue:
            dialogue.tls(trust, SERVER_NAME)
            assert dialogue.line().startswith("* OK [CAPABILITY IMAP4rev1")
            assert list(dialogue.imap("LOGOUT"))[-1] == "a OK Logout completed."
        lab.maillog.wait_for(rf"imap-login: .*rip={client}, lip=10\.0\.20\.1, TLS, session=<", mark)

    each_node(probe)


def test_dovecot_closes_on_an_untrusted_edge(lab: Lab) -> None:
    """Outside haproxy_trusted_networks nothing is said, and the log names the peer."""
    lab.dovecot.configure(haproxy_trusted_networks="10.9.9.0/24")
    mark = lab.maillog.mark()
    with open_node_port(lab, "k8s-node1", 30128, "192.0.2.205") as dialogue, pytest.raises(ConnectionResetError):
        dialogue.line()
    lab.maillog.wait_for(r"imap-login: Warning: haproxy: Client not trusted \(rip=10\.0\.20\.101\)", mark)
