"""Edges as other people have them: what the probes make of all their answers together, and what is said of it."""

from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.runbook import GATE
from monitor.core.status import PathStatus
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Agreement, Hop
from monitor.probes.edge import CONFIGURATION
from monitor.verdict.check_ports import findings, local_checks, unexplained
from monitor.verdict.traffic import ALL_LISTENERS, Loss
from tests.probes.edge_case import HAPROXY, SERVICES, Answers, answers, found, run, status

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


Changes = tuple[tuple[bytes, bytes], ...]

CHECKS = b"    option tcp-check\n    tcp-check connect port 30147\n"
LINE = b"30127 send-proxy-v2 check inter 1000 fall 3"
SUB, SMTPS = "pfsense/mailserver_nodes_sub_ipvANY", "pfsense/mailserver_nodes_smtps_ipvANY"
SMTPS_HEADER = ("warning", SMTPS, "check_send_proxy")
KNOCKS = ("critical", SUB, "check_port")
UNKNOWN = ("info", "pfsense/haproxy.cfg", "haproxy_keyword")
WRONG = ("warning", SUB, "check_port_wrong")
NAMED = tuple((b"127.77.20.10%d:30127" % number, b"node%d.lan:30127 resolvers dns" % number) for number in (1, 2))


def with_file(*changes: tuple[bytes, bytes], haproxy: Changes = ()) -> dict[str, bytes]:
    """The answers of ``tcp-check-port`` with changes of haproxy.cfg, and of what runs."""
    given = answers()
    for name, pairs in ((CONFIGURATION, changes), (HAPROXY, haproxy)):
        for old, new in pairs:
            assert old in given[name], old
            given[name] = given[name].replace(old, new)
    return given


def test_a_check_port_given_by_rules() -> None:
    """The case as it came: the port stands in ``tcp-check connect``, and nothing of it is wrong."""
    assert found(answers()) == {SMTPS_HEADER}


@pytest.mark.parametrize(
    ("rules", "line", "expected"),
    [
        # a rule's own port, in each of its forms
        (b"tcp-check connect addr 127.77.20.9 port 30147", b"", set()),
        (b"tcp-check connect addr 127.77.20.9:30147", b"", set()),
        (b"tcp-check connect addr [2001:db8::9]:30147", b"", set()),
        (b"tcp-check connect port 30147 comment 'port 30127'", b"", set()),
        (b"tcp-check comment first\n    tcp-check connect port 30147 linger", b"", set()),
        (b"tcp-check connect port 30199", b"", {WRONG}),
        # several connects: each counts
        (b"tcp-check connect port 30147\n    tcp-check send x\n    tcp-check connect port 30146", b"", {WRONG}),
        (b"tcp-check connect port 30147\n    tcp-check connect port 30127 send-proxy", b"", {KNOCKS}),
        (b"tcp-check connect port 30147 send-proxy", b"", {("warning", SUB, "check_send_proxy")}),
        # without a header the data port complains, and no more
        (b"tcp-check connect", b"", {WRONG}),
        (b"tcp-check connect port 30127", b"", {WRONG}),
        # as the server's line says: with a header, unless it has a port or an address of its own
        (b"tcp-check connect default", b"", {KNOCKS}),
        (b"tcp-check connect port 30147 default", b"", {("warning", SUB, "check_send_proxy")}),
        (b"tcp-check send QUIT", b"", {KNOCKS}),
        (b"tcp-check connect default", b" port 30147", set()),
        (b"tcp-check connect", b" port 30147", set()),
        (b"tcp-check connect default", b" addr 127.77.20.9:30147", set()),
        (b"tcp-check connect default", b" port 30127 check-send-proxy", {KNOCKS}),
        # where the file does not tell
        (b"tcp-check connect port int(30147)", b"", set()),
        (b"tcp-check connect port 30147 from-tomorrow", b"", set()),
        (b"tcp-check connect port 30147", b' port "${CHECK}"', {UNKNOWN}),
    ],
)
def test_where_rules_connect_to(rules: bytes, line: bytes, expected: set[tuple[str, str, str]]) -> None:
    """By HAProxy's own order of precedence; what cannot be read costs no finding."""
    port = line.split()[1] if line.startswith(b" port 3") else b"0"
    given = with_file(
        (b"tcp-check connect port 30147", rules),
        (LINE, LINE + line),
        haproxy=((b"- 30127 - 0 0 - - 0", b"- 30127 - 0 %s - - %s" % (port, port)),),
    )
    assert found(given) == {SMTPS_HEADER, *expected}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"option tcp-check\n", b"no option tcp-check\n", {KNOCKS}),
        (b"option tcp-check\n", b"option tcp-check\n    option smtpchk\n", {KNOCKS}),
        (b"option tcp-check\n", b"option smtpchk\n", {KNOCKS}),
        (b"option tcp-check\n    tcp-check", b"option httpchk\n    http-check", set()),
    ],
)
def test_which_rules_are_in_force(old: bytes, new: bytes, expected: set[tuple[str, str, str]]) -> None:
    """Those of the last ``option``; without rules the check is a plain one, of the data port."""
    assert found(with_file((old, new))) == {SMTPS_HEADER, *expected}


def test_rules_of_defaults_hold_until_a_proxy_has_its_own() -> None:
    """As HAProxy hands them on."""
    own = b"    tcp-check expect rstring ^220\n    tcp-check send QUIT\\r\\n\n"
    defaults = (b"defaults\n", b"defaults\n" + CHECKS)
    # the other backend has no rules either: its checks go to the port of the defaults' rule, which is not its own
    others = ("warning", SMTPS, "check_port_wrong")
    assert found(with_file((CHECKS + own, b""), defaults)) == {others}
    # its own rules begin with no connect: the first is made as the server's line says
    assert found(with_file((CHECKS, b""), defaults)) == {others, KNOCKS}


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("connect", [b"tcp-check connect port 30147", b"tcp-check connect addr 127.77.20.9:30147"])
def test_a_healthcheck_section_outweighs_the_proxys_rules(connect: bytes, *, first: bool) -> None:
    """Servers name it, before or behind it in the file; HAProxy's newest versions have them."""
    section = b"healthcheck stock\n    type tcp-check\n    " + connect + b"\n    tcp-check expect rstring ^220\n"
    given = with_file((CHECKS, b""), (LINE, LINE + b" healthcheck stock"))
    file = given[CONFIGURATION]
    for text, expected in (
        (section, {SMTPS_HEADER}),
        (section.replace(connect, b"tcp-check connect default"), {SMTPS_HEADER, KNOCKS}),
        (b"cache other\n    total-max-size 1\n", {SMTPS_HEADER}),  # the section is not in the file: nothing is said
    ):
        given[CONFIGURATION] = text + file if first else file + text
        assert found(given) == expected


def test_words_of_a_later_haproxy_are_said_once_and_cost_no_finding() -> None:
    """Of servers, of a proxy's checks, and whole sections, whose lines are none of the section's before."""
    later = b"checkpoint c\n    server k8s-node9 127.77.20.109:1 check\n    default_backend x\n"
    given = with_file(
        (CHECKS, b"    check-from elsewhere\n"),
        (LINE, LINE + b" warp 9"),
        (b"backend mailserver_nodes_smtps", later + b"backend mailserver_nodes_smtps"),
    )
    assert found(given) == {SMTPS_HEADER, UNKNOWN}
    [said] = [each.message for each in status(given).findings if each.kind == "haproxy_keyword"]
    assert "checkpoint, check-from, warp, 9" in said


@pytest.mark.parametrize(
    ("changes", "running"),
    [
        (NAMED, ()),
        # ``default-server`` has what the lines lack
        ((*NAMED, (LINE[5:], b""), (CHECKS, CHECKS + b"    default-server" + LINE[5:] + b"\n")), ()),
        # names of an SRV record: no port in the file
        (tuple((old, b"_sub._tcp.nodes.lan resolvers dns") for old, _ in NAMED), ()),
        # other names than the file's, by ``set server … fqdn``
        (NAMED, ((b"127.77.20.101 2 0 1 1 4 15", b"127.77.20.101 2 64 1 1 4 15"),)),
        # the process's environment
        (tuple((old, b'"${NODE}":30127') for old, _ in NAMED), ()),
    ],
)
def test_servers_that_the_file_names(changes: Changes, running: Changes) -> None:
    """They are paired with the nodes by the address that runs, and agree with the handshakes as others do."""
    given = with_file(*changes, haproxy=running)
    assert found(given) == {SMTPS_HEADER}
    assert {each.agreement for each in status(given).handshakes} == {Agreement.AGREE}


def test_a_server_template() -> None:
    """Its servers are the slots that have an address; empty ones are no servers, and are no drift."""
    line = b"    server k8s-node%d 127.77.20.10%d:" + LINE + b"\n"
    template = b"    server-template k8s-node 1-4 nodes.lan:30127 resolvers dns send-proxy-v2 check inter 1000\n"
    lines = (line % (1, 1) + line % (2, 2), template)
    row = b"k8s-node%d 127.77.20.10%d 2 0 1 1 4 15 3 4 6 0 0 0 "
    fixed, filled = row + b"- 30127", row + b"nodes.lan 30127"
    empty = b"3 mailserver_nodes_sub_ipvANY %d k8s-node%d - 0 32 1 1 4 1 0 1 6 0 0 0 nodes.lan 30127 - 0 0 - - 0\n"
    rows = tuple((fixed % (n, n), filled % (n, n)) for n in (1, 2))
    other = b"4 mailserver_nodes_smtps_ipvANY 1"
    slots = (other, empty % (3, 3) + empty % (4, 4) + other)
    assert found(with_file(lines, haproxy=(*rows, slots))) == {SMTPS_HEADER}
    # a node that the name no longer has is missing
    gone = (b"3 mailserver_nodes_sub_ipvANY 2 " + fixed % (2, 2) + b" - 0 0 - - 0\n", empty % (2, 2))
    assert ("warning", SUB, "pool_missing") in found(with_file(lines, haproxy=(rows[0], gone, slots)))


def test_named_servers_of_which_nothing_runs_are_not_judged() -> None:
    """HAProxy does not show its servers: any node may be one of those."""
    given = with_file(*NAMED, haproxy=((b"1\n# be_id", b"2\n# be_id"),))
    assert found(given) == {SMTPS_HEADER, ("warning", "pfsense/show servers state", "haproxy_gap")}


def test_checks_that_never_say_local() -> None:
    """With ``pp2-never-send-local`` no server dies: each check is a client at HAProxy's own address."""
    given = with_file((CHECKS, b""), (b"global\n", b"global\n    pp2-never-send-local\n"))
    assert found(given) == {SMTPS_HEADER, ("info", SUB, "check_port")}
    [finding] = [each for each in status(given).findings if each.kind == "check_port"]
    assert "with `pp2-never-send-local`, and the mail log shows each as a client at HAProxy's own" in finding.message


def test_what_smtpd_suffers_depends_on_its_version() -> None:
    """From Postfix 3.11 on it no longer dies; before, and where the log has not shown a version, it may."""
    checks = local_checks(status(with_file((CHECKS, b""))).edges, SERVICES)
    assert [each.severity for each in findings(checks)] == ["critical"]
    assert [each.severity for each in findings(checks, (3, 10, 13))] == ["critical"]
    [survived] = findings(checks, (3, 11, 0))
    assert survived.severity == "warning"
    assert "dies" not in survived.message.partition("(")[0]


def test_clients_at_the_edges_address_are_its_checks_where_they_never_say_local() -> None:
    """No loss of client addresses is told of that listener, nor of all together; another listener's stays."""
    never = with_file((CHECKS, b""), (b"global\n", b"global\n    pp2-never-send-local\n"))
    losses = [Loss(listener, 20, 0, 0.0, 5.0) for listener in (ALL_LISTENERS, 5587, 4465)]
    assert unexplained(losses, local_checks(status(never).edges, SERVICES)) == (losses[2],)
    assert unexplained(losses, local_checks(status(answers()).edges, SERVICES)) == tuple(losses)
