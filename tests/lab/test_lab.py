"""The laboratory as a whole and as a tool."""

import asyncio
import imaplib
import smtplib
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.certificates import SERVER_NAME
from tests.lab.conftest import LabFactory
from tests.lab.dovecot import PASSWORD, USER
from tests.lab.helpers import GREETING, open_node_port
from tests.lab.host import LabError
from tests.lab.lab import Lab, require_programs_and_privileges
from tests.lab.network import CLIENT, EDGE, NODES
from tests.waiting import eventually


def test_a_message_through_the_front_door_arrives_in_the_mailbox(lab: Lab, trust: ssl.SSLContext) -> None:
    """Mail for the test user is delivered, found over IMAP and deleted."""

    def send_and_find() -> bytes:
        mark = lab.maillog.mark()
        with smtplib.SMTP(EDGE, 25, timeout=20) as smtp:
            smtp.sendmail("somebody@example.net", [USER], "Subject: roundtrip\r\n\r\nHello\r\n")
        lab.maillog.wait_for(rf"to=<{USER}>.*status=sent", mark)
        with imaplib.IMAP4_SSL(EDGE, 993, ssl_context=trust, timeout=10) as imap:
            imap.login(USER, PASSWORD)
            imap.select("INBOX")
            number = imap.search(None, "SUBJECT", "roundtrip")[1][0].decode()
            fetched: Any = imap.fetch(number, "(RFC822)")[1]
            message: bytes = fetched[0][1]
            imap.store(number, "+FLAGS", "\\Deleted")
            imap.expunge()
            return message

    trust.check_hostname = False  # the edge is called by its address
    message = lab.client.submit(send_and_find).result(timeout=40)
    assert f"(unknown [{CLIENT}])" in message.decode()
    assert message.endswith(b"\r\n\r\nHello\r\n")


def test_a_stopped_server_refuses_on_every_node(lab: Lab) -> None:
    """A dead pod port is a reset at connect, stock and PROXY alike; healing starts the server again."""
    lab.dovecot.stop()
    lab.postfix.stop()
    for port in (30125, 30128, 30145):
        with pytest.raises(ConnectionRefusedError):
            lab.connect(NODES["k8s-node1"], port)
    lab.heal()
    for port in (30126, 30128, 30147):
        lab.connect(NODES["k8s-node1"], port).close()


def test_without_cache_every_contact_is_the_first(lab_factory: LabFactory) -> None:
    """A second laboratory runs beside the shared one, and there postscreen knows nobody again."""
    special = lab_factory(postscreen_cache=False)
    special.postfix.configure(postscreen_greet_wait="1s")
    for _ in range(2):
        mark = special.maillog.mark()
        with open_node_port(special, "k8s-node1", 30125, "192.0.2.208") as dialogue:
            assert dialogue.line() == f"220-{SERVER_NAME} ESMTP"
            assert dialogue.line() == GREETING
            dialogue.say("QUIT")
        special.maillog.wait_for(r"PASS NEW \[192\.0\.2\.208\]", mark)


def test_commands_coroutines_and_requests_run_on_the_clients_network(lab: Lab, tmp_path: Path) -> None:
    """A daemon there is asked by http_get, a coroutine there has the client's address."""
    (tmp_path / "metrics").write_text("mailpath_up 1\n")
    serve = ["http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path), "9641"]
    command = [*lab.command_prefix("client"), sys.executable, "-m", *serve]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        try:
            eventually(lambda: answers(lab))
            assert lab.http_get("/metrics").body == "mailpath_up 1\n"
            assert lab.http_get("/nothing").status == 404
        finally:
            daemon.kill()

    async def own_address() -> str:
        _, writer = await asyncio.open_connection(EDGE, 22)
        address: str = writer.get_extra_info("sockname")[0]
        writer.close()
        await writer.wait_closed()
        return address

    assert lab.run(own_address()) == CLIENT


def test_the_configuration_holds_what_is_no_default(lab: Lab) -> None:
    """Its owner writes nodes, files and the server's name; a test adds keys of the path."""
    path = yaml.safe_load(lab.configuration(checks={"interval": "1s"}))["paths"][0]
    assert list(path) == ["name", "nodes", "tls", "edges", "maillog", "checks"]
    assert path["nodes"]["static"][3] == {"name": "k8s-node4", "address": "10.0.20.104"}
    assert Path(path["maillog"]["file"]["path"]).is_file()
    assert Path(path["edges"][0]["ssh"]["key_file"]).stat().st_mode & 0o77 == 0


def test_missing_privileges_and_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laboratory that cannot be built says in one sentence what to do."""
    monkeypatch.setattr("shutil.which", lambda program, path: program != "haproxy" and path)
    with pytest.raises(LabError, match=r"packages are missing; run: apt-get .* haproxy$"):
        require_programs_and_privileges()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="that takes root: run the tests with sudo"):
        require_programs_and_privileges()


def answers(lab: Lab) -> bool:
    """Tell whether the daemon's port is open."""
    try:
        with closing(lab.connect("127.0.0.1", 9641)):
            return True
    except OSError:
        return False
