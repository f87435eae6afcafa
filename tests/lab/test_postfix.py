"""Real Postfix must behave here as it was measured to behave elsewhere."""

import re
import smtplib
import ssl
import time

import pytest

from tests.lab.certificates import SERVER_NAME
from tests.lab.dovecot import PASSWORD, USER
from tests.lab.helpers import BLINK, GREETING, claimed, each_node, open_node_port
from tests.lab.lab import Lab
from tests.lab.network import EDGE


def test_postscreen_makes_a_new_client_wait_six_seconds_and_knows_it_again(lab: Lab) -> None:
    """A first contact gets the teaser at once and the greeting after six seconds, a second one the greeting."""

    def probe(node: str) -> None:
        client = claimed(node, 1)
        began = time.monotonic()
        mark = lab.maillog.mark()
        with open_node_port(lab, node, 30125, client) as dialogue:
            assert dialogue.line() == f"220-{SERVER_NAME} ESMTP"
            teased = time.monotonic() - began
            assert dialogue.line() == GREETING
            greeted = time.monotonic() - began
            assert greeted > 4.9  # postscreen counts in whole seconds
            assert teased < greeted / 2
            assert dialogue.say("EHLO probe.invalid").startswith("250 ")
            assert dialogue.say("QUIT") == "221 2.0.0 Bye"
        quoted = re.escape(client)
        lab.maillog.wait_for(
            rf"smtpd-proxy25/postscreen\[\d+\]: CONNECT from \[{quoted}\]:\d+ to \[10\.0\.20\.1\]:25", mark
        )
        lab.maillog.wait_for(rf"smtpd-proxy25/postscreen\[\d+\]: PASS NEW \[{quoted}\]", mark)
        lab.maillog.wait_for(rf" postfix/smtpd\[\d+\]: connect from unknown\[{quoted}\]", mark)
        lab.maillog.wait_for(rf" postfix/smtpd\[\d+\]: disconnect from unknown\[{quoted}\] ehlo=1 quit=1", mark)

        again = time.monotonic()
        with open_node_port(lab, node, 30125, client) as dialogue:
            assert dialogue.line() == GREETING
            assert time.monotonic() - again < greeted / 2
            dialogue.say("QUIT")
        lab.maillog.wait_for(rf"PASS OLD \[{quoted}\]", mark)

    each_node(probe)


def test_smtps_sees_the_claimed_client_through_every_node(lab: Lab, trust: ssl.SSLContext) -> None:
    """Port 30126 leads to smtpd in TLS, which logs the header's address and counts our NOOPs."""

    def probe(node: str) -> None:
        client, mark = re.escape(claimed(node, 2)), lab.maillog.mark()
        with open_node_port(lab, node, 30126, claimed(node, 2)) as dialogue:
            dialogue.tls(trust, SERVER_NAME)
            assert dialogue.reply() == GREETING
            dialogue.say("EHLO probe.invalid")
            dialogue.say("NOOP")
            dialogue.say("QUIT")
        lab.maillog.wait_for(
            rf"smtpd-proxy465/smtpd\[\d+\]: Anonymous TLS connection established from unknown\[{client}\]", mark
        )
        lab.maillog.wait_for(
            rf"smtpd-proxy465/smtpd\[\d+\]: disconnect from unknown\[{client}\] ehlo=1 noop=1 quit=1", mark
        )

    each_node(probe)


def test_submission_names_the_claimed_client_in_its_reply(lab: Lab, trust: ssl.SSLContext) -> None:
    """Port 30127 demands STARTTLS, and rejects an unauthenticated client under the address of the header."""

    def probe(node: str) -> None:
        client, mark = claimed(node, 3), lab.maillog.mark()
        with open_node_port(lab, node, 30127, client) as dialogue:
            assert dialogue.reply() == GREETING
            dialogue.say("EHLO probe.invalid")
            assert dialogue.say("MAIL FROM:<>").startswith("530 5.7.0 Must issue a STARTTLS command first")
            assert dialogue.say("STARTTLS").startswith("220 ")
            dialogue.tls(trust, SERVER_NAME)
            dialogue.say("EHLO probe.invalid")
            dialogue.say("MAIL FROM:<>")
            rejected = f"554 5.7.1 <unknown[{client}]>: Client host rejected: Access denied"
            assert dialogue.say("RCPT TO:<canary@example.net>") == rejected
            dialogue.say("QUIT")
        lab.maillog.wait_for(
            rf"smtpd-proxy587/smtpd\[\d+\]: NOQUEUE: reject: RCPT from unknown\[{re.escape(client)}\]", mark
        )

    each_node(probe)


def test_an_authenticated_client_may_submit(lab: Lab, trust: ssl.SSLContext) -> None:
    """Postfix asks Dovecot, and lets the test user in on port 587."""

    def submit() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP(EDGE, 587, timeout=10) as smtp:
            smtp.starttls(context=trust)
            smtp.login(USER, PASSWORD)
            return smtp.sendmail(USER, [USER], "Subject: submitted\r\n\r\nHello\r\n")

    trust.check_hostname = False
    assert lab.client.submit(submit).result(timeout=20) == {}


def test_a_frozen_postfix_accepts_and_says_nothing(lab: Lab) -> None:
    """The kernel goes on accepting; after the thaw the greeting comes."""
    lab.postfix.freeze()
    with open_node_port(lab, "k8s-node1", 30127, "192.0.2.203", BLINK) as dialogue, pytest.raises(TimeoutError):
        dialogue.line()
    lab.postfix.thaw()
    with open_node_port(lab, "k8s-node1", 30127, "192.0.2.203") as dialogue:
        assert dialogue.reply() == GREETING
        dialogue.say("QUIT")


def test_postfix_parameters_can_be_set_for_a_test(lab: Lab) -> None:
    """Postfix obeys a rate limit on the claimed address, and healing lifts it."""
    lab.postfix.configure(smtpd_client_connection_rate_limit="1")
    for expected in (GREETING, f"421 4.7.0 {SERVER_NAME} Error: too many connections from 192.0.2.206"):
        with open_node_port(lab, "k8s-node1", 30127, "192.0.2.206") as dialogue:
            assert dialogue.reply() == expected
    lab.heal()
    assert "rate_limit" not in lab.pod.path("/etc/postfix/main.cf").read_text()
