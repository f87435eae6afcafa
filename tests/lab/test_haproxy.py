"""Real HAProxy, its front doors and its own view."""

import re
import ssl

import pytest

from tests.lab.certificates import SERVER_NAME
from tests.lab.dialogue import Dialogue
from tests.lab.haproxy import POOLS, Pool
from tests.lab.helpers import GREETING, ssh
from tests.lab.lab import Lab
from tests.lab.network import CLIENT, EDGE, NODES, OUTSIDE
from tests.waiting import eventually


def test_the_front_doors_show_the_clients_own_address(lab: Lab, trust: ssl.SSLContext) -> None:
    """HAProxy announces the address from which it was reached, on all four ports."""
    mark = lab.maillog.mark()
    client = re.escape(CLIENT)
    for port in (465, 993):
        with Dialogue(lab.connect(EDGE, port)) as dialogue:
            dialogue.tls(trust, SERVER_NAME)
            assert dialogue.line()
            assert list(dialogue.imap("LOGOUT")) if port == 993 else dialogue.say("QUIT")
    with Dialogue(lab.connect(EDGE, 587)) as dialogue:
        assert dialogue.reply() == GREETING
        dialogue.say("QUIT")
    with Dialogue(lab.connect(EDGE, 25)) as dialogue:
        assert dialogue.reply() == GREETING
        dialogue.say("QUIT")
    lab.maillog.wait_for(
        rf"smtpd-proxy25/postscreen\[\d+\]: CONNECT from \[{client}\]:\d+ to \[10\.0\.20\.1\]:25", mark
    )
    lab.maillog.wait_for(rf"smtpd-proxy465/smtpd\[\d+\]: disconnect from unknown\[{client}\]", mark)
    lab.maillog.wait_for(rf"smtpd-proxy587/smtpd\[\d+\]: disconnect from unknown\[{client}\]", mark)
    lab.maillog.wait_for(rf"imap-login: .*rip={client}, lip=10\.0\.20\.1", mark)


def test_a_client_from_outside_the_house_is_seen_as_such(lab: Lab) -> None:
    """The client's host has a second address that no internal network holds."""
    mark = lab.maillog.mark()
    with Dialogue(lab.connect(EDGE, 587, source=OUTSIDE)) as dialogue:
        assert dialogue.reply() == GREETING
        dialogue.say("QUIT")
    lab.maillog.wait_for(rf"smtpd-proxy587/smtpd\[\d+\]: connect from unknown\[{re.escape(OUTSIDE)}\]", mark)


def test_the_legacy_pool_has_no_check_port_and_disturbs_postscreen(lab: Lab) -> None:
    """HAProxy's checks without a port of their own leave getpeername warnings, where a reset beats postscreen."""
    mark = lab.maillog.mark()
    lab.maillog.wait_for(r"smtpd-proxy25/postscreen\[\d+\]: warning: getpeername: ", mark, timeout=40)


def test_a_frontend_without_header_is_answered_421(lab: Lab) -> None:
    """Without send-proxy-v2 Postfix takes the client's words for a header and hangs up."""
    lab.haproxy.configure(send_proxy=False)
    with Dialogue(lab.connect(EDGE, 587)) as dialogue:
        assert dialogue.say("EHLO probe.invalid") == f"421 4.3.0 {SERVER_NAME} Server local error"


def test_haproxy_takes_a_server_out_by_hand_and_heals(lab: Lab) -> None:
    """An operator's MAINT shows in the state, and healing takes it back."""
    server = ("mailserver_nodes_sub_ipvANY", "k8s-node1")
    lab.haproxy.say(f"set server {'/'.join(server)} state maint")
    assert lab.haproxy.servers()[server]["srv_admin_state"] == "1"
    lab.heal()
    assert lab.haproxy.servers()[server]["srv_admin_state"] == "0"


def test_a_wrong_check_port_takes_every_server_of_the_pool_down(lab: Lab) -> None:
    """With the pool down, the frontend still accepts, and closes without a byte."""
    pools = POOLS | {"mailserver_nodes_sub": Pool(30127, 30999)}
    lab.haproxy.configure(pools=pools, check_interval=200)

    def all_down() -> bool:
        states = {key: row["srv_op_state"] for key, row in lab.haproxy.servers().items()}
        return all(states["mailserver_nodes_sub_ipvANY", node] == "0" for node in NODES)

    eventually(all_down)
    with Dialogue(lab.connect(EDGE, 587)) as dialogue:
        assert dialogue.line() == ""


def test_a_stopped_haproxy_leaves_its_socket_behind(lab: Lab) -> None:
    """The frontends refuse, and socat finds a socket without anybody behind it."""
    lab.haproxy.stop()
    with pytest.raises(ConnectionRefusedError):
        lab.connect(EDGE, 25)
    assert "Connection refused" in ssh(lab, "socat UNIX-CONNECT:/tmp/haproxy.socket stdio").stderr
