"""Edges as other people have them: what the probes make of all their answers together, and what is said of it."""

from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.runbook import GATE
from monitor.core.status import PathStatus
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Hop
from tests.probes.edge_case import HAPROXY, Answers, answers, found, run, status

ROW = b"3 mailserver_nodes_sub_ipvANY 1 k8s-node1 127.77.20.101 2 0"


def everything_said(of: PathStatus) -> str:
    """All sentences that a reader may see."""
    sentences = [of.diagnosis.summary, *of.diagnosis.evidence, *of.diagnosis.others]
    sentences += [each.message for each in of.findings] + [each.output for each in of.health.checks]
    return " ".join(sentences)


def test_a_login_shell_that_runs_only_the_first_word(tmp_path: Path) -> None:
    """It is named once, with what helps, and nothing is said of HAProxy, which was never asked."""
    given = run("first-word-shell", tmp_path)
    assert given[HAPROXY] == b"\n"
    seen = status(given)
    assert found(given) == {("warning", "pfsense/shell", "login_shell")}
    [finding] = seen.findings
    assert "runs only the first word of a command" in finding.message
    assert finding.remedy is GATE
    assert seen.diagnosis.hop is Hop.MONITOR
    assert "login shell runs only the first word" in seen.diagnosis.summary
    assert (seen.edges[0].ssh_up, seen.edges[0].haproxy_up) == (True, None)
    assert "does not answer" not in everything_said(seen)
    # `sockstat` alone shows connections too, which are no frontends
    assert seen.edges[0].host is not None
    assert {each.port for each in (seen.edges[0].host.frontends or {}).values() if each.bound} == {465, 587}


def test_one_bad_row_costs_nothing_else() -> None:
    """A wrapped number of one server: the others agree as before, and the file is not said to differ."""
    given = answers()
    given[HAPROXY] = given[HAPROXY].replace(ROW, ROW.replace(b" 2 0", b" 2 18446744073709551615"))
    seen = status(given)
    assert ("warning", "pfsense/show servers state", "haproxy_rows") in found(given)
    assert not {"unapplied", "pool_missing"} & {kind for _, _, kind in found(given)}
    assert [each.name for each in seen.edges[0].servers] == ["k8s-node2", "k8s-node1", "k8s-node2"]
    assert seen.edges[0].haproxy_up is True
    assert seen.diagnosis.hop is Hop.NONE


def test_a_bad_row_of_another_backend_is_information() -> None:
    """A firewall's HAProxy serves others too."""
    given = answers()
    given[HAPROXY] = given[HAPROXY].replace(
        ROW, b"9 web 1 w1 10.0.0.9 -1 0 1 1 4 15 3 4 6 0 0 0 - 80 - 0 0 - - 0\n" + ROW
    )
    assert ("info", "pfsense/show servers state", "haproxy_rows") in found(given)


@pytest.mark.parametrize(
    ("old", "new", "command"),
    [
        (b"1\n# be_id", b"2\n# be_id", "show servers state"),
        (b"# pxname,", b"# \xff,", "show stat"),
        (b"# pxname,", b"Permission denied\n", "show stat"),
    ],
)
def test_a_bad_header_costs_that_answer_alone(old: bytes, new: bytes, command: str) -> None:
    """It is said which, HAProxy is up, and nothing says that it does not answer."""
    given = answers()
    given[HAPROXY] = given[HAPROXY].replace(old, new)
    seen = status(given)
    assert ("warning", f"pfsense/{command}", "haproxy_gap") in found(given)
    [edge] = seen.edges
    assert (edge.haproxy_up, set(edge.gaps)) == (True, {command})
    assert bool(edge.servers) is (command != "show servers state")
    assert edge.info is not None
    assert "does not answer" not in everything_said(seen)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "does not answer at its stats socket"),
        (LinkError(Reason.COMMAND_FAILED, "exit status 1: socat: connect: Connection refused"), "does not answer"),
        (LinkError(Reason.COMMAND_FAILED, "exit status 1: socat: No such file or directory"), "does not answer"),
        (LinkError(Reason.COMMAND_FAILED, "exit status 1: socat: Permission denied"), "cannot be asked"),
        (LinkError(Reason.COMMAND_FAILED, "exit status 126: mailpath-gate: refused: echo"), "cannot be asked"),
        (LinkError(Reason.COMMAND_FAILED, "exit status 127: socat: command not found"), "cannot be asked"),
        (b"Permission denied\n\nPermission denied\n\nPermission denied\n\n", "cannot be asked"),
        (b"Last login: Mon Apr 20\n", "answers at its stats socket, and the answer cannot be read"),
        (LinkError(Reason.TOO_LARGE, "more than 4194304 bytes of output"), "and the answer cannot be read"),
    ],
)
def test_does_not_answer_is_said_only_where_nothing_came(answer: bytes | LinkError, says: str) -> None:
    """What came and could not be used is said to be that."""
    given: Answers = {**answers(), HAPROXY: answer}
    seen = status(given)
    assert (seen.diagnosis.hop, seen.edges[0].haproxy_up) == (Hop.HAPROXY, False)
    assert says in seen.diagnosis.summary
    assert ("does not answer" in everything_said(seen)) is ("does not answer" in says)
