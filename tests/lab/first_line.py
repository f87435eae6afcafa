"""One look by ``mailpath check`` from the client's host: its first line, and whether that names what is broken."""

import re
from concurrent.futures import Future

from monitor.config.load import parse
from monitor.daemon.check import check_once
from monitor.publish.check_report import Style, as_text
from tests.lab.faults import Fault
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT
from tests.lab.troubles import Trouble

ALL_FINE = "OK: home: Every hop is healthy."
HURRIED, CAREFUL = 3.0, 8.0
"""Seconds that a dialogue may take: the one where a silence is to be certain soon, the other where Postfix waits."""
# What is a matter of chance for one look, or more than one thing at once: the words that name it as well.
ALSO_NAMED = {
    # smtpd dies of one of HAProxy's next checks; until then what will kill it is all that is wrong
    "HAProxy's checks of a PROXY port throttle smtpd": "pfsense/mailserver_nodes_sub_ipvANY: check_port: ",
    "one of four servers is bad for clients only": "pfsense/mailserver_nodes_sub_ipvANY: pool_port: ",
    "a server line without send-proxy-v2": "backend: ",
    "a port is not bound": "frontend: ",
}


def first_line(lab: Lab, patience: float = CAREFUL) -> "Future[str]":
    """Do one look, beside whatever else is going on; give the first line, which is all that a plugin's caller may show.

    What is gone must be no part of it: let the log be another file first, for a look reads the last minutes of it.
    """
    seconds = f"{patience:.0f}s"
    text = lab.configuration(handshakes={"timeout": seconds}, front_door={"timeout": seconds})
    return lab.client.submit(_look, text)


def first_line_of(lab: Lab, fault: Fault) -> "Future[str]":
    """Do one look at a path with this fault, as patiently as it demands."""
    return first_line(lab, CAREFUL if fault.pace is PATIENT else HURRIED)


def names_fault(said: str, fault: Fault) -> bool:
    """Tell whether a first line names the hop in which the cause lies."""
    wanted = [f"{fault.hop}: ", *_also(fault.name)]
    return re.match(rf"(WARNING|CRITICAL): home: ({'|'.join(map(re.escape, wanted))})", said) is not None


def names_trouble(said: str, trouble: Trouble) -> bool:
    """Tell whether a first line names the hop or, where every hop is fine, what differs: of several backends any."""
    severity, subject, kind = trouble.finding
    hop = [f"{trouble.hop}: "] if trouble.hop else _also(trouble.name)
    wanted = [rf"{re.sub(r'mailserver_nodes_.*', r'mailserver_nodes_.*', subject)}: {kind}: ", *hop]
    return re.match(rf"{severity.upper()}: home: ({'|'.join(wanted)})", said) is not None


def _look(text: str) -> str:
    statuses, bugs = check_once(parse(text.encode(), "mailpath.yml").paths)
    assert bugs == ()
    return as_text(statuses, Style()).partition("\n")[0]


def _also(name: str) -> list[str]:
    return [ALSO_NAMED[name]] if name in ALSO_NAMED else []
