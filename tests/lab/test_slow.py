"""A slow NodePort is slow in its greeting only."""

import time

from tests.lab.helpers import GREETING, open_node_port
from tests.lab.lab import Lab


def test_a_slow_node_port_delays_the_greeting_and_nothing_else(lab: Lab) -> None:
    """The server's first bytes come late, the dialogue after that is quick, the client address arrives."""
    lab.nodeport("k8s-node2", 30127).slow(1.0)
    mark = lab.maillog.mark()
    began = time.monotonic()
    with open_node_port(lab, "k8s-node2", 30127, "192.0.2.202") as dialogue:
        assert dialogue.reply() == GREETING
        greeted = time.monotonic()
        delayed = greeted - began
        assert delayed >= 1.0
        dialogue.say("EHLO probe.invalid")
        dialogue.say("QUIT")
        assert time.monotonic() - greeted < delayed
    lab.maillog.wait_for(r"smtpd-proxy587/smtpd\[\d+\]: disconnect from unknown\[192\.0\.2\.202\]", mark)
