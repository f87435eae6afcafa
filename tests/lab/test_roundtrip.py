"""The roundtrip through the real front door: HAProxy, postscreen, Dovecot's Maildir, and back over IMAPS."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.config.load import parse
from monitor.core.roundtrip import Via
from monitor.daemon import roundtrip_once
from tests.brevo import API_KEY
from tests.lab.daemon import Daemon
from tests.lab.dovecot import PASSWORD, USER
from tests.lab.internet import KUMA_TOKEN, PORT, Internet
from tests.lab.lab import Lab
from tests.lab.network import CLIENT, NODES, OUTSIDE, POD
from tests.lab.pace import QUICK

SENDER = "monitoring@example.org"
MAILDIR = "/var/mail/lab.test/probe"
ARRIVES = 15.0
"""Postscreen lets a first contact wait for six seconds, once."""
FAILS = 2.0

Try = Callable[..., tuple[int, str]]


@pytest.fixture
def internet(lab: Lab) -> Iterator[Internet]:
    """Give the outside world, which holds the recipient for blocked."""
    with Internet(lab, USER) as outside:
        yield outside


def settings(tmp_path: Path, within: float, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Give the roundtrip block: the mailbox is reached past the edge, as a CronJob in the cluster does."""
    (tmp_path / "api_key").write_text(f"{API_KEY}\n")
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    block: dict[str, Any] = {
        "sender": SENDER,
        "recipient": USER,
        "brevo": {"url": f"http://127.0.0.1:{PORT}/v3", "api_key_file": str(tmp_path / "api_key")},
        "imap": {"host": POD, "user": USER, "password_file": str(tmp_path / "password")},
        "timeout": f"{within:.0f}s",
        "poll_interval": "200ms",
    }
    return block | changes


@pytest.fixture(autouse=True)
def _empty_mailbox(lab: Lab) -> None:
    """Take away what the laboratory's other tests have sent."""
    for file in mailbox(lab):
        file.unlink()


@pytest.fixture
def attempt(lab: Lab, internet: Internet, tmp_path: Path) -> Try:
    """Do a roundtrip on the client's host; gives its exit code and what it prints."""
    assert internet

    def call(via: Via = Via.BREVO, within: float = FAILS, **changes: Any) -> tuple[int, str]:  # noqa: ANN401 - YAML
        block = settings(tmp_path, within, **changes)
        (path,) = parse(lab.configuration(roundtrip=block).encode(), "mailpath.yml").paths
        return lab.client.submit(roundtrip_once, path, via).result(60)

    return call


@pytest.fixture
def short_greet_wait(lab: Lab) -> None:
    """Let postscreen's first contacts wait for one second instead of six."""
    lab.postfix.configure(postscreen_greet_wait="1s")


def mailbox(lab: Lab) -> list[Path]:
    """List the messages in the mailbox."""
    return [file for name in ("new", "cur") for file in lab.pod.path(f"{MAILDIR}/{name}").glob("*")]


def test_a_message_from_outside_goes_round(lab: Lab, internet: Internet, attempt: Try) -> None:
    """It is unblocked, sent, found, deleted, and its sender's own address was recorded; two runs know of no other."""
    for _ in range(2):
        code, words = attempt(within=ARRIVES)
        assert (code, words.partition(" after ")[0]) == (0, "Round-trip SUCCESS"), words
        assert f"the sender was recorded as {OUTSIDE}, its own address" in words
    assert internet.brevo.blocked == set()
    assert len(internet.brevo.accepted) == 2
    assert mailbox(lab) == []


@pytest.mark.usefixtures("short_greet_wait")
def test_a_message_from_ourselves_goes_round(lab: Lab, attempt: Try) -> None:
    """By the front door the sender is this host."""
    code, words = attempt(Via.FRONT_DOOR, ARRIVES)
    assert code == 0, words
    assert f"the sender was recorded as {CLIENT}, its own address" in words
    assert mailbox(lab) == []


def test_leftovers_of_earlier_runs_go_and_other_mail_stays(lab: Lab, attempt: Try) -> None:
    """Only what is ours, and older than anybody waits for it, is deleted."""
    attempt(within=ARRIVES)  # the folder is there from now on
    mails = {
        "leftover": (f"From: {SENDER}\nSubject: [E2E Monitor] e2e-probe-0123456789ab\n\nold\n", 0),
        "another": (f"From: {SENDER}\nSubject: [E2E Monitor] e2e-probe-ba9876543210\n\nof another run\n", None),
        "alert": ("From: alerts@example.org\nSubject: e2e-probe-job failed\n\nread me\n", 0),
    }
    for name, (text, at) in mails.items():
        lab.pod.write(f"{MAILDIR}/new/1.{name}.mail", text, 0o666)
        file = lab.pod.path(f"{MAILDIR}/new/1.{name}.mail")
        os.chown(file, 5000, 5000)
        if at is not None:
            os.utime(file, (at, at))
    code, words = attempt(within=ARRIVES)
    assert code == 0, words
    left = sorted(file.read_text().rpartition("\n\n")[2] for file in mailbox(lab))
    for file in mailbox(lab):
        file.unlink()
    assert left == ["of another run\n", "read me\n"]


def test_what_comes_by_the_backup_mx_is_told_apart(internet: Internet, attempt: Try) -> None:
    """The message is there, and not by the way that is to be proven."""
    internet.helo = "backup.example.net"
    code, words = attempt(within=ARRIVES, backup_mx=["backup.example.net"])
    assert code == 0, words
    assert "by the backup MX, not by the front door" in words


def test_an_edge_that_is_down(lab: Lab, internet: Internet, attempt: Try) -> None:
    """From outside nothing arrives, from inside nothing can be sent."""
    lab.haproxy.stop()
    code, words = attempt()
    assert code == 1
    assert "Brevo took the message, and it did not arrive within 2 s" in words
    code, words = attempt(Via.FRONT_DOOR)
    assert code == 1
    assert "the front door did not take the message (refused: Connection refused)" in words
    assert len(internet.brevo.accepted) == 1


def test_a_listener_that_is_down(lab: Lab, attempt: Try) -> None:
    """The edge accepts and has nobody behind it."""
    lab.listener(2525).refuse()
    assert "Brevo took the message, and it did not arrive" in attempt()[1]
    code, words = attempt(Via.FRONT_DOOR)
    assert code == 1
    assert "the front door did not take the message (closed: the server closed the connection)" in words


def test_a_login_that_is_refused_is_tried_once(lab: Lab, tmp_path: Path, attempt: Try) -> None:
    """The password may be wrong, and every further try would only bring a ban nearer."""
    (tmp_path / "wrong").write_text("marked-wrong-password")
    mark = lab.maillog.mark()
    code, words = attempt(imap={"host": POD, "user": USER, "password_file": str(tmp_path / "wrong")}, within=ARRIVES)
    assert code == 1
    assert "Brevo took the message; the mailbox refused our login (auth_failed: " in words
    assert "marked-wrong-password" not in words
    lab.maillog.wait_for(r"auth failed, 1 attempts", mark)
    assert sum("auth failed" in line for line in lab.maillog.since(mark)) == 1


@pytest.mark.parametrize("transport", ["smtp:[127.0.0.1]:1", "discard:"])
def test_what_is_deferred_or_lost_behind_the_front_door(transport: str, lab: Lab, attempt: Try) -> None:
    """The server accepts it, and it never reaches the mailbox."""
    lab.postfix.configure(virtual_transport=transport)
    code, words = attempt(Via.FRONT_DOOR)
    assert code == 1
    assert "the front door took the message, and it did not arrive within 2 s" in words


@pytest.mark.usefixtures("short_greet_wait")
def test_a_sender_whose_address_is_lost(lab: Lab, attempt: Try) -> None:
    """The message arrives, and the exit code says that something is wrong all the same."""
    lab.haproxy.configure(send_proxy=False)
    for node in NODES:
        lab.nodeport(node, 30125).rewire(25)
    code, words = attempt(within=ARRIVES)
    assert code == 1
    assert words.startswith("Round-trip SUCCESS after ")
    assert "CLIENT IP LOST: the sender was recorded as 10." in words


@pytest.mark.usefixtures("short_greet_wait")
def test_everybody_is_told_and_nobody_hears_a_secret(
    lab: Lab, internet: Internet, attempt: Try, tmp_path: Path
) -> None:
    """The command, the daemon, a Pushgateway, Uptime Kuma: a success, a mystery, and a failure on a broken path."""
    told = {
        "pushgateway_url": f"http://user:marked-gateway@127.0.0.1:{PORT}",
        "kuma_url": f"http://127.0.0.1:{PORT}/api/push/{KUMA_TOKEN}?status=up&msg=OK&ping=",
        "daemon_urls": ["http://127.0.0.1:9641"],
    }
    block = settings(tmp_path, ARRIVES, **told)
    with Daemon(lab, tmp_path, QUICK.configuration(lab, roundtrip=block), "--web.enable-lifecycle") as daemon:
        command = [*lab.command_prefix(), sys.executable, "-m", "monitor", "roundtrip", f"--config.file={daemon.file}"]
        daemon.until(lambda: daemon.json("/healthz")["status"] == "pass", within=20)
        first = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert first.returncode == 0, first.stdout + first.stderr
        assert first.stdout.splitlines()[1:] == ["Told Pushgateway", "Told Uptime Kuma", "Told mailpath's daemon"]
        assert daemon.total("roundtrip_success", path="home") == 1
        assert 0 < daemon.total("roundtrip_duration_seconds", path="home") < ARRIVES
        succeeded = daemon.total("roundtrip_last_success_timestamp_seconds", path="home")
        known = daemon.json("/api/v1/status")["paths"][0]["roundtrip"]
        assert known["last"]["client_address"] == OUTSIDE
        daemon.until(lambda: logged_as(daemon) == "postfix/smtpd-proxy25/postscreen", within=20)
        (gateway, kuma) = sorted(internet.pushed, reverse=True)
        assert gateway[:2] == ("POST", "/metrics/job/email-roundtrip-monitor")
        assert "\nemail_roundtrip_success 1.0\n" in gateway[2]
        assert "\nemail_roundtrip_last_success_timestamp 1" in gateway[2]
        assert kuma[:1] == ("GET",)
        assert kuma[1].startswith(f"/api/push/{KUMA_TOKEN}?status=up&msg=OK&ping=")

        internet.brevo.loses = True
        code, second = attempt(**told)
        assert code == 1
        assert "mailpath finds every hop of the path healthy" in second
        assert daemon.hop() == "roundtrip"
        assert daemon.json("/healthz")["status"] == "pass"
        assert "roundtrip" not in lab.http_get("/healthz").body.lower()

        internet.pushed.clear()
        lab.listener(2525).refuse()
        daemon.until(lambda: daemon.hop() == "listener", within=QUICK.certain_after + 10)
        code, third = attempt(**told)
        assert code == 1
        assert "the path is known to be down: " in third
        assert daemon.total("roundtrip_success") == 0
        assert daemon.total("roundtrip_last_success_timestamp_seconds") == succeeded
        ((_, _, text),) = internet.pushed
        assert "\nemail_roundtrip_success 0.0\n" in text
        assert "last_success" not in text
        assert daemon.hop() == "listener"

        everything = [first.stdout, first.stderr, second, third]
        everything += [lab.http_get(page).body for page in ("/", "/metrics", "/config", "/api/v1/status", "/healthz")]
        everything += [daemon.log_file.read_text(), " ".join(command)]
        for secret in (API_KEY, PASSWORD, KUMA_TOKEN, "marked-gateway"):
            assert [text for text in everything if secret in text] == []


def logged_as(daemon: Daemon) -> str:
    """Give the service that the mail log has the sender's address at."""
    return str(daemon.json("/api/v1/status")["paths"][0]["roundtrip"]["logged_as"])
