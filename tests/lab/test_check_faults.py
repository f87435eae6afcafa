"""``mailpath check`` and every fault and drift that the laboratory knows: one look names each of them first."""

import re
from collections.abc import Iterator

import pytest

from monitor.config.load import parse
from monitor.daemon.check import check_once
from monitor.publish.check_report import Style, as_text
from tests.lab.faults import FAULTS, Fault
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT
from tests.lab.troubles import TROUBLES, USUAL, Trouble

SOUND = "OK: home: Every hop is healthy."
# What is a matter of chance for one look, or more than one thing at once: the words that name it as well.
ALSO_NAMED = {
    # smtpd dies of one of HAProxy's next checks; until then what will kill it is all that is wrong
    "HAProxy's checks of a PROXY port throttle smtpd": "pfsense/mailserver_nodes_sub_ipvANY: check_port: ",
    "one of four servers is bad for clients only": "pfsense/mailserver_nodes_sub_ipvANY: pool_port: ",
    "a server line without send-proxy-v2": "backend: ",
    "a port is not bound": "frontend: ",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy is as mailpath wants it, and whose postscreen knows us."""
    with Lab(settings=USUAL) as own:
        assert headline(own, patience=8.0) == SOUND
        yield own


@pytest.fixture(autouse=True)
def forgotten(lab: Lab) -> None:
    """Let the log of the faults before be another file: a look reads the last minutes of this one."""
    lab.maillog.rotate()


def headline(lab: Lab, patience: float = 3.0) -> str:
    """Do one look from the client's host; give the first line, which is all that a plugin's caller may show."""
    seconds = f"{patience:.0f}s"
    text = lab.configuration(handshakes={"timeout": seconds}, front_door={"timeout": seconds})
    statuses, bugs = lab.client.submit(check_once, parse(text.encode(), "mailpath.yml").paths).result(60)
    assert bugs == ()
    return as_text(statuses, Style()).partition("\n")[0]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault(fault: Fault, lab: Lab) -> None:
    """The first line names the hop in which the cause lies."""
    if fault.hop == "maillog":
        assert headline(lab) == SOUND  # that lines of ours are missing can be said of a log that has had some
    fault.do(lab)
    said = headline(lab, 8.0 if fault.pace is PATIENT else 3.0)
    wanted = [f"{fault.hop}: ", *([ALSO_NAMED[fault.name]] if fault.name in ALSO_NAMED else [])]
    assert re.match(rf"(WARNING|CRITICAL): home: ({'|'.join(map(re.escape, wanted))})", said), said


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_trouble(trouble: Trouble, lab: Lab) -> None:
    """The first line names the hop or, where every hop is fine, what differs: of several backends the first."""
    trouble.do(lab)
    severity, subject, kind = trouble.finding
    said = headline(lab, 8.0)
    lab.heal()
    lab.haproxy.prepare()
    hop = f"{trouble.hop}: " if trouble.hop else ALSO_NAMED.get(trouble.name)
    wanted = [rf"{re.sub(r'mailserver_nodes_.*', r'mailserver_nodes_.*', subject)}: {kind}: ", *([hop] if hop else [])]
    assert re.match(rf"{severity.upper()}: home: ({'|'.join(wanted)})", said), said
