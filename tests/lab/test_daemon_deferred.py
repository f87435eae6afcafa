"""Mail that a real Postfix accepts and cannot deliver: counted, aged, named, and forgotten once it is delivered."""

from collections.abc import Iterator

import pytest
import yaml

from tests.lab.daemon import Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.dovecot import USER
from tests.lab.lab import Lab
from tests.lab.network import POD

MAILDIR = "/var/mail/lab.test/probe"
WAITED = 2.5
"""Seconds in the queue, after which a delivery is told from one that never waited."""


@pytest.fixture
def daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give a daemon that has nothing to do but to follow the log and to look at the nodes."""
    document = yaml.safe_load(lab.configuration())
    (path,) = document["paths"]
    del path["edges"]
    path["handshakes"] = {"interval": "1h"}
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), yaml.safe_dump(document)) as running:
        running.until_sound()
        yield running


def test_what_is_accepted_and_not_delivered(lab: Lab, daemon: Daemon) -> None:
    """Every dialogue is fine, and the queue says that nothing arrives; once it is delivered, all is well again."""
    assert daemon.total("maillog_deferred_messages") == 0
    assert daemon.samples("maillog_oldest_deferred_seconds") == {}
    lab.postfix.configure(virtual_transport="smtp:[127.0.0.1]:1")
    for _ in range(3):
        send(lab)
    daemon.until(lambda: daemon.total("maillog_deferred_messages") == 3, within=20)
    daemon.until(lambda: daemon.hop() == "mail_server", within=20)
    (path,) = daemon.json("/api/v1/status")["paths"]
    assert "has accepted 3 messages and cannot deliver" in path["diagnosis"]["summary"]
    assert "connect to 127.0.0.1[127.0.0.1]:1: Connection refused" in path["diagnosis"]["summary"]
    assert USER not in path["diagnosis"]["summary"]
    assert daemon.total("maillog_problems_total", problem="deferred") >= 3
    daemon.until(lambda: daemon.total("maillog_oldest_deferred_seconds") > WAITED, within=20)
    lab.heal()
    lab.pod.run("postqueue", "-f")
    daemon.until(lambda: daemon.total("maillog_deferred_messages") == 0, within=20)
    daemon.until(lambda: daemon.hop() == "none", within=20)
    lab.pod.run("rm", "-r", MAILDIR)


def send(lab: Lab) -> None:
    """Hand in a message for the mailbox, as a neighbour in the cluster does."""
    with Dialogue(lab.connect(POD, 25)) as dialogue:
        dialogue.reply()
        dialogue.say("EHLO client.example.net")
        for command, code in (
            ("MAIL FROM:<somebody@example.net>", "250"),
            (f"RCPT TO:<{USER}>", "250"),
            ("DATA", "354"),
            ("Subject: waits\r\n\r\nfor a mailbox\r\n.", "250"),
        ):
            reply = dialogue.say(command)
            assert reply.startswith(code), reply
        dialogue.say("QUIT")
