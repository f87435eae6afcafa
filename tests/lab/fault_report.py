"""``docs/faults.md``: what HAProxy, a TCP check and mailpath say of each fault, written down by the laboratory."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from monitor.links.connector import Connector, Terms
from tests.lab.faults import Fault
from tests.lab.haproxy import BACKEND_SUFFIX, FRONTENDS, POOLS
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """\
# Faults, and who notices them

Each of these is done to real servers (HAProxy, Postfix, Dovecot, sshd) by the tests, which have written this table
down: `MAILPATH_WRITE_DOCS=1 make test TEST_ARGS=tests/lab/test_faults.py`. HAProxy is asked for the state of its
servers, the TCP check connects to the four frontends and to the sixteen data NodePorts, and mailpath says the verdicts
that changed and the hop in which the cause lies. Who is told was seen too: a real Prometheus with the shipped rules, in
a hurry, and a real Alertmanager with the shipped routes sent this one message, nothing else, and later that it is over.

| fault | HAProxy says | a plain TCP check says | mailpath says | who is told |
| --- | --- | --- | --- | --- |
"""
DATA_PORTS = [(EDGE, port) for port in FRONTENDS] + [
    (address, pool.data_port) for address in NODES.values() for pool in POOLS.values()
]
RECEIVERS = {"pager": "somebody is woken", "chat": "it is read in the day"}
PATIENCE = 1.0
"""Seconds after which the TCP check gives a port up."""


class Row(NamedTuple):
    """One row of the document."""

    fault: str
    haproxy: str
    tcp: str
    mailpath: str
    told: str

    def __str__(self) -> str:
        """Give it as Markdown."""
        return f"| {' | '.join(self)} |\n"


def rows_of(document: str) -> list[Row]:
    """Read the rows of a document."""
    cells = [line.strip("| ").split(" | ") for line in document.removeprefix(HEAD).splitlines()]
    return [Row(*row) for row in cells]


def write(rows: Sequence[Row]) -> None:
    """Write the document."""
    DOCUMENT.write_text(HEAD + "".join(map(str, rows)))


def row(lab: Lab, fault: Fault) -> Row:
    """Ask everybody, now."""
    return Row(title(fault), haproxy_says(lab, fault), lab.run(tcp_says()), mailpath_says(fault), who_is_told(fault))


def title(fault: Fault) -> str:
    """Give the fault's name, with the releases that have it where not all do."""
    return str(fault) if fault.not_since is None else "{} (Postfix before {}.{})".format(fault, *fault.not_since)


def haproxy_says(lab: Lab, fault: Fault) -> str:
    """Give HAProxy's view of the servers of its four pools, as far as its operator could ask for it."""
    if fault.expected()["edge"] == "down":
        return "(cannot be asked)"
    try:
        servers = lab.haproxy.servers()
    except OSError:
        return "(does not answer)"
    ours = [state for (pool, _), state in servers.items() if pool.removesuffix(BACKEND_SUFFIX) in POOLS]
    down = sum(state["srv_op_state"] == "0" for state in ours)
    return f"{down} of {len(ours)} servers DOWN" if down else f"all {len(ours)} servers UP"


async def tcp_says() -> str:
    """Connect to every port, as a check by TCP would; without a trace, so that nobody is disturbed by it."""
    connector = Connector()
    try:
        results = await asyncio.gather(
            *(connector.connect(address, port, Terms(PATIENCE, silent=True)) for address, port in DATA_PORTS)
        )
    finally:
        connector.close()
    closed = sum(not result.ok for result in results)
    return f"{closed} of {len(results)} ports closed" if closed else f"all {len(results)} ports open"


def mailpath_says(fault: Fault) -> str:
    """Give the verdicts that the table demands, counted, and the hop."""
    changing = fault.changing()
    said = []
    for name, key in (("", "handshake "), ("front door ", "front_door ")):
        verdicts = Counter(state for line, state in changing.items() if line.startswith(key))
        said += [f"{number} x {name}`{verdict}`" for verdict, number in verdicts.items()]
    disagreeing = {state for line, state in changing.items() if line.startswith("agreement ")} - {"unknown"}
    said += [f"`{state}`" for state in sorted(disagreeing)]
    said += [f"finding `{fault.finding}`"] if fault.finding else []
    hops = " and ".join(f"**`{hop}`**" for hop in (fault.hop, *fault.also))
    return f"{hops}: {', '.join(said)}" if said else hops


def who_is_told(fault: Fault) -> str:
    """Give whom the shipped routes tell, and by which alert."""
    receiver, alert = fault.told
    return f"{RECEIVERS[receiver]}: [{alert}](runbook/{alert}.md)"
