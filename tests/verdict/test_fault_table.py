"""The table of faults: what the probes see, the verdicts and the hop that follow, and what is listed beside.

Each row befalls a path on which everything was well, and ends; whatever it does not name must stay ``ok``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import pytest

from monitor.core.model import Node
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Agreement, Hop, Verdict
from monitor.verdict.path_book import PathBook
from tests.verdict.build import EDGE, NODES, SMTP, SUBMISSION, mute, plan, refused, silent
from tests.verdict.proving import LOG_ONLY
from tests.verdict.proving import plan as proving_by_log
from tests.verdict.scene import SECOND_EDGE, Scene, as_the_edge, now_and_then, proving, shows, verdicts

CLOSED, DOWN, GONE = Verdict.PORT_CLOSED, Verdict.LISTENER_DOWN, Verdict.NODE_UNREACHABLE
MUTE, REJECTED, UNREAD = Verdict.NO_GREETING, Verdict.HEADER_REJECTED, Verdict.HEADER_NOT_CONSUMED
TLS, LOST, AWAY = Verdict.TLS_INVALID, Verdict.CLIENT_IP_LOST, Verdict.TURNED_AWAY

FOUR = (*NODES, Node("k8s-node3", "10.0.20.103"), Node("k8s-node4", "10.0.20.104"))

EXPIRED = shows(TLS, Reason.CERTIFICATE_EXPIRED)
MISNAMED = shows(TLS, Reason.CERTIFICATE_NAME_MISMATCH)
NO_PROXY = shows(UNREAD, Reason.HEADER_NOT_CONSUMED)
NO_HEADER = shows(REJECTED, Reason.HEADER_REJECTED)
OURS = shows(Verdict.UNKNOWN, Reason.LOCAL_ERROR)


@dataclass(frozen=True)
class Row:
    """One fault; ``others`` are the hops of the independent causes listed beside the one shown."""

    fault: str
    scene: Scene
    hop: Hop
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    others: tuple[Hop, ...] = ()
    effects: str = ""
    findings: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give the fault, as a test's name."""
        return self.fault


ROWS = (
    Row("nothing", Scene(), Hop.NONE),
    # the mail server
    Row(
        "PROXY switched off on one Postfix listener",
        Scene(sees={"handshake * submission": NO_PROXY, "front_door * submission": NO_PROXY}),
        Hop.PROXY_HEADER,
        {"* submission": UNREAD},
    ),
    Row(
        "Dovecot no longer trusts the nodes",
        Scene(sees={"handshake * imaps": shows(REJECTED), "front_door * imaps": mute}),
        Hop.PROXY_HEADER,
        {"handshake * imaps": REJECTED, "front_door * imaps": MUTE},
    ),
    Row(
        "Dovecot does not trust one node: its front door fails now and then",
        Scene(
            sees={
                "handshake k8s-node2 imaps": shows(REJECTED),
                "front_door * imaps": now_and_then(mute, 2),
            }
        ),
        Hop.PROXY_HEADER,
        {"handshake k8s-node2 imaps": REJECTED},
        effects="front_door pfsense imaps: intermittent",
        findings=("intermittent",),
    ),
    Row(
        "a PROXY listener is closed, its stock port is fine",
        Scene(sees={"handshake * submission": refused, "front_door * submission": mute}),
        Hop.LISTENER,
        {"handshake * submission": DOWN, "front_door * submission": MUTE},
        effects="front_door pfsense submission: no_greeting",
    ),
    Row(
        "a PROXY listener is black-holed, its stock port is fine",
        Scene(sees={"handshake * smtps": silent, "front_door * smtps": mute}),
        Hop.LISTENER,
        {"handshake * smtps": DOWN, "front_door * smtps": MUTE},
    ),
    Row(
        "a service is stopped",
        Scene(sees={"check * smtp": refused, "handshake * smtp": refused, "front_door * smtp": mute}),
        Hop.MAIL_SERVER,
        {"handshake * smtp": DOWN, "front_door * smtp": MUTE},
        effects="front_door pfsense smtp: no_greeting",
    ),
    Row(
        "Dovecot, which has no check, is stopped",
        Scene(sees={"handshake * imaps": refused, "front_door * imaps": mute}),
        Hop.MAIL_SERVER,
        {"handshake * imaps": DOWN, "front_door * imaps": MUTE},
    ),
    Row(
        "Postfix hung: its ports accept, and nothing is said",
        Scene(sees={"handshake * smtp*": mute, "front_door * smtp*": mute}),
        Hop.MAIL_SERVER,
        {"* smtp*": MUTE},
    ),
    Row(
        "Postfix hung: some nodes still accept, others do not any more",
        Scene(sees={"handshake k8s-node1 smtp": mute, "handshake k8s-node2 smtp": silent, "front_door * smtp": mute}),
        Hop.MAIL_SERVER,
        {"handshake k8s-node1 smtp": MUTE, "handshake k8s-node2 smtp": CLOSED, "front_door * smtp": MUTE},
    ),
    Row(
        "the mail server turns one node's clients away",
        Scene(sees={"handshake k8s-node2 smtp": shows(AWAY, Reason.TURNED_AWAY)}),
        Hop.MAIL_SERVER,
        {"handshake k8s-node2 smtp": AWAY},
    ),
    Row("the volume is full: mail is let in and deferred", Scene(deferrals=3), Hop.MAIL_SERVER, findings=("tempfail",)),
    Row("the certificate has expired", Scene(sees={"[hf]* *": EXPIRED}), Hop.TLS, {"*": TLS}),
    Row("the certificate is for another name", Scene(sees={"[hf]* *": MISNAMED}), Hop.TLS, {"*": TLS}),
    Row(
        "the header's address is rewritten on the way",
        Scene(proving(), sees={"[hf]* submission": as_the_edge}),
        Hop.CLIENT_IP,
        {"* submission": LOST},
    ),
    # nodes and their ports
    Row(
        "one node black-holed",
        Scene(sees={"* k8s-node2 *": silent}),
        Hop.NODE,
        {"handshake k8s-node2 *": GONE},
        effects="check k8s-node2 smtp: port_closed",
    ),
    Row(
        "one node black-holed, and clients meet it until HAProxy takes it out",
        Scene(sees={"* k8s-node2 *": silent, "front_door * smtp": now_and_then(mute, 2)}),
        Hop.NODE,
        {"handshake k8s-node2 *": GONE},
        effects="front_door pfsense smtp: intermittent",
        findings=("intermittent",),
    ),
    Row(
        "one node black-holed, and a front door wholly down, which that does not explain",
        Scene(sees={"* k8s-node2 *": silent, "front_door * smtp": mute}),
        Hop.NODE,
        {"handshake k8s-node2 *": GONE, "front_door * smtp": MUTE},
        others=(Hop.BACKEND,),
    ),
    Row(
        "the only node black-holed",
        Scene(plan(NODES[:1]), sees={"* k8s-node1 *": silent, "front_door *": mute}),
        Hop.NODE,
        {"handshake *": GONE, "front_door *": MUTE},
    ),
    Row(
        "all nodes black-holed: stock and PROXY ports of every service are down",
        Scene(sees={"* k8s-node? *": silent, "front_door *": mute}),
        Hop.MAIL_SERVER,
        {"handshake *": DOWN, "front_door *": MUTE},
    ),
    Row(
        "all nodes black-holed for us alone",
        Scene(sees={"* k8s-node? *": silent}),
        Hop.MONITOR,
        {"handshake *": DOWN},
    ),
    Row(
        "one node refuses one data port",
        Scene(sees={"handshake k8s-node2 submission": refused}),
        Hop.NODEPORT,
        {"handshake k8s-node2 submission": CLOSED},
    ),
    Row(
        "one node refuses one data port, and every other client",
        Scene(sees={"handshake k8s-node2 submission": refused, "front_door * submission": now_and_then(mute, 2)}),
        Hop.NODEPORT,
        {"handshake k8s-node2 submission": CLOSED},
        effects="front_door pfsense submission: intermittent",
        findings=("intermittent",),
    ),
    Row(
        "one node refuses one healthcheck port, and HAProxy takes it out",
        Scene(sees={"check k8s-node2 smtp": refused}, taken_out=["k8s-node2 smtp"]),
        Hop.NODEPORT,
    ),
    Row(
        "NodePorts swapped: the log names the wrong listener",
        Scene(proving_by_log(LOG_ONLY), swapped="smtp"),
        Hop.NODEPORT,
        findings=("wrong_listener",),
    ),
    Row(
        "the only node refuses one data port",
        Scene(plan(NODES[:1]), sees={"handshake * submission": refused, "front_door * submission": mute}),
        Hop.LISTENER,
        {"handshake * submission": DOWN, "front_door * submission": MUTE},
    ),
    # what lies between the front door and the nodes
    Row(
        "HAProxy sends no header, its checks are green",
        Scene(sees={"front_door * s*": NO_HEADER, "front_door * imaps": mute}),
        Hop.BACKEND,
        {"front_door * s*": REJECTED, "front_door * imaps": MUTE},
    ),
    Row(
        "HAProxy sends another address than the client's",
        Scene(proving(), sees={"front_door * submission": as_the_edge}),
        Hop.BACKEND,
        {"front_door * submission": LOST},
    ),
    Row(
        "HAProxy checks a dead port, the data port is fine",
        Scene(
            sees={"front_door * submission": mute},
            taken_out=["k8s-node1 submission", "k8s-node2 submission"],
        ),
        Hop.BACKEND,
        {"front_door * submission": MUTE},
    ),
    Row(
        "the port that HAProxy checks is dead on every node",
        Scene(sees={"check * submission": refused}),
        Hop.BACKEND,
    ),
    Row(
        "one of four servers is bad for clients only",
        Scene(plan(FOUR), sees={"front_door * smtp": now_and_then(mute, 4)}),
        Hop.BACKEND,
        findings=("intermittent",),
    ),
    # the edge
    Row("SSH down", Scene(edges={"pfsense": Phase.SSH}), Hop.MONITOR),
    Row(
        "SSH down, and one frontend refuses",
        Scene(edges={"pfsense": Phase.SSH}, sees={"front_door * smtp": refused}),
        Hop.FRONTEND,
        {"front_door * smtp": DOWN},
        others=(Hop.MONITOR,),
    ),
    Row(
        "SSH down, and a service is stopped",
        Scene(
            edges={"pfsense": Phase.SSH},
            sees={"check * smtp": refused, "handshake * smtp": refused, "front_door * smtp": mute},
        ),
        Hop.MAIL_SERVER,
        {"handshake * smtp": DOWN, "front_door * smtp": MUTE},
        others=(Hop.MONITOR,),
    ),
    Row(
        "SSH down, and the header's address is rewritten on the way",
        Scene(proving(), edges={"pfsense": Phase.SSH}, sees={"[hf]* submission": as_the_edge}),
        Hop.CLIENT_IP,
        {"* submission": LOST},
        others=(Hop.MONITOR,),
    ),
    Row(
        "HAProxy down",
        Scene(edges={"pfsense": Phase.COMMAND}, sees={"front_door *": refused}),
        Hop.HAPROXY,
        {"front_door *": DOWN},
    ),
    Row("HAProxy's socket down, clients are served", Scene(edges={"pfsense": Phase.COMMAND}), Hop.HAPROXY),
    Row(
        "edge dead",
        Scene(edges={"pfsense": Phase.SSH}, sees={"front_door *": silent}),
        Hop.EDGE,
        {"front_door *": GONE},
    ),
    Row(
        "an edge that has no SSH is dead",
        Scene(plan(edges=[replace(EDGE, asks_haproxy=False)]), sees={"front_door *": silent}),
        Hop.EDGE,
        {"front_door *": GONE},
    ),
    Row(
        "one frontend refuses",
        Scene(sees={"front_door * smtps": refused}),
        Hop.FRONTEND,
        {"front_door * smtps": DOWN},
    ),
    Row(
        "one of two edges dead",
        Scene(plan(edges=[EDGE, SECOND_EDGE]), edges={"opnsense": Phase.SSH}, sees={"front_door opnsense *": silent}),
        Hop.EDGE,
        {"front_door opnsense *": GONE},
    ),
    Row(
        "both edges dead",
        Scene(
            plan(edges=[EDGE, SECOND_EDGE]),
            edges={"opnsense": Phase.SSH, "pfsense": Phase.SSH},
            sees={"front_door *": silent},
        ),
        Hop.EDGE,
        {"front_door *": DOWN},
    ),
    # paths with less
    Row(
        "no edge: one node black-holed",
        Scene(plan(edges=()), sees={"* k8s-node2 *": silent}),
        Hop.NODE,
        {"handshake k8s-node2 *": GONE},
    ),
    Row("no edge: nothing answers", Scene(plan(edges=()), sees={"*": silent}), Hop.MONITOR, {"*": DOWN}),
    Row("no mail log", Scene(plan(maillog=None)), Hop.NONE),
    Row(
        "two services only: the one is stopped",
        Scene(
            plan(services=[SMTP, SUBMISSION]),
            sees={"check * smtp": refused, "handshake * smtp": refused, "front_door * smtp": mute},
        ),
        Hop.MAIL_SERVER,
        {"handshake * smtp": DOWN, "front_door * smtp": MUTE},
    ),
    # ourselves, and our sources
    Row(
        "nothing answers at all",
        Scene(edges={"pfsense": Phase.SSH}, sees={"*": silent}),
        Hop.MONITOR,
        {"handshake *": DOWN, "front_door *": GONE},
    ),
    Row("our own sockets fail", Scene(sees={"handshake *": OURS}), Hop.MONITOR, {"handshake *": Verdict.UNKNOWN}),
    Row(
        "a probe is stuck: what it tells is stale, and all else is fine",
        Scene(unheard="handshake k8s-node2 smtp"),
        Hop.MONITOR,
        {"handshake k8s-node2 smtp": Verdict.UNKNOWN},
    ),
    Row(
        "a probe is stuck, and a fault is known",
        Scene(unheard="handshake k8s-node2 smtp", sees={"[hf]* imaps": EXPIRED}),
        Hop.TLS,
        {"handshake k8s-node2 smtp": Verdict.UNKNOWN, "* imaps": TLS},
    ),
    Row(
        "a probe is stuck, and the other node's port is closed at stock and PROXY",
        Scene(unheard="handshake k8s-node2 smtp", sees={"check * smtp": refused, "handshake * smtp": refused}),
        Hop.MAIL_SERVER,
        {"handshake k8s-node1 smtp": DOWN, "handshake k8s-node2 smtp": Verdict.UNKNOWN},
    ),
    Row("the mail log is cut", Scene(log=Reason.NOT_FOUND), Hop.MAILLOG),
    # two at once: both; the first of the hops shown, the other listed
    Row(
        "a node black-holed, the certificate expired",
        Scene(sees={"[hf]* *": EXPIRED, "* k8s-node2 *": silent}),
        Hop.NODE,
        {"*": TLS, "handshake k8s-node2 *": GONE},
        others=(Hop.TLS,),
    ),
    Row(
        "every service stopped, a node black-holed",
        Scene(sees={"* k8s-node1 *": refused, "* k8s-node2 *": silent, "front_door *": mute}),
        Hop.MAIL_SERVER,
        {"handshake k8s-node1 *": DOWN, "handshake k8s-node2 *": GONE, "front_door *": MUTE},
        others=(Hop.NODE,),
    ),
    Row(
        "the mail log cut, a frontend refuses",
        Scene(log=Reason.NOT_FOUND, sees={"front_door * smtp": refused}),
        Hop.FRONTEND,
        {"front_door * smtp": DOWN},
        others=(Hop.MAILLOG,),
    ),
    Row(
        "one listener without PROXY, one front door bad now and then",
        Scene(sees={"[hf]* submission": NO_PROXY, "front_door * smtp": now_and_then(mute, 2)}),
        Hop.PROXY_HEADER,
        {"* submission": UNREAD},
        others=(Hop.BACKEND,),
        findings=("intermittent",),
    ),
    Row(
        "deferred mail, and a NodePort refused",
        Scene(deferrals=3, sees={"handshake k8s-node2 smtp": refused}),
        Hop.MAIL_SERVER,
        {"handshake k8s-node2 smtp": CLOSED},
        others=(Hop.NODEPORT,),
        findings=("tempfail",),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_fault_has_its_verdicts_and_its_hop(row: Row) -> None:
    """Verdicts, hop, independent causes, effects and findings are those of the table, and nothing else is wrong."""
    status = row.scene.play()
    shown = verdicts(status)
    expected = dict.fromkeys(shown, Verdict.OK)
    for pattern, verdict in row.verdicts.items():
        expected |= {each: verdict for each in shown if fnmatchcase(each, pattern)}
    assert shown == expected
    diagnosis = status.diagnosis
    assert (diagnosis.hop, tuple(other.partition(":")[0] for other in diagnosis.others)) == (row.hop, row.others)
    assert any(line.startswith(row.effects) for line in diagnosis.effects) or not row.effects
    assert {finding.kind for finding in status.findings} == set(row.findings)
    assert status.health.status == ("pass" if row.hop is Hop.NONE else status.health.status)
    assert row.hop is Hop.NONE or status.health.status in {"warn", "fail"}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_clears_by_itself(row: Row) -> None:
    """When the fault is over, so is all that was said of it."""
    book = PathBook(row.scene.plan)
    Scene(row.scene.plan).play(1, book=book)
    row.scene.play(8, start=1, book=book)
    status = Scene(row.scene.plan).play(8, start=9, book=book)
    assert (status.diagnosis.hop, status.diagnosis.others) == (Hop.NONE, ())
    assert set(verdicts(status).values()) <= {Verdict.OK}
    assert status.health.status == "pass"


def test_wan_is_silent_when_nobody_comes() -> None:
    """An hour without an outside client while the front doors are well: the way in."""
    silence = replace(plan(), wan_silence=3600.0)
    book = PathBook(silence)
    Scene(silence, clients=1).play(2, book=book)
    assert Scene(silence).play(58, start=2, book=book).diagnosis.hop is Hop.NONE
    assert Scene(silence).play(5, start=60, book=book).diagnosis.hop is Hop.WAN
    assert Scene(silence, clients=1).play(1, start=65, book=book).diagnosis.hop is Hop.NONE


def test_lb_agreement_is_of_the_rows_that_name_it() -> None:
    """HAProxy sends clients to a refused port; HAProxy has taken out what works; a blind edge knows neither."""
    told = {
        "one node refuses one data port": {Agreement.LB_UP_PATH_DOWN, Agreement.AGREE},
        "HAProxy checks a dead port, the data port is fine": {Agreement.LB_DOWN_PATH_UP, Agreement.AGREE},
        "SSH down": {Agreement.UNKNOWN},
        "HAProxy down": {Agreement.UNKNOWN},
        "edge dead": {Agreement.UNKNOWN},
    }
    rows = {row.fault: row for row in ROWS}
    for fault, expected in told.items():
        assert {each.agreement for each in rows[fault].scene.play().handshakes} == expected
