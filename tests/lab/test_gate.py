"""The gate of an edge's authorized_keys, behind a real sshd: mailpath's commands pass, everything else is refused."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.edge import EdgeObservation, RedirectState
from monitor.core.errors import LinkError
from monitor.core.observations import Span
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes import edge, haproxy
from monitor.wire.haproxy_answer import parse_answer
from tests.lab.haproxy import CONFIGURATION, SOCKET
from tests.lab.helpers import ssh
from tests.lab.lab import Lab
from tests.lab.network import EDGE
from tests.lab.sshd import PROGRAMS, USER

GATE = Path(__file__).parents[2] / "edge" / "mailpath-gate"
INSTALLED = "/root/mailpath-gate"
LOGGED = "/run/logged"
KEYS = "/etc/ssh/authorized_keys"
SHOW = haproxy.command(SOCKET)
LAST_BACKUP = "/root/last-backup"
SETTINGS = edge.EdgeSettings(
    "home", "pfsense", EDGE, (25, 465, 587, 993), (25,), SOCKET, 5.0, backup_command=f"cat {LAST_BACKUP}"
)
COMMANDS = edge.commands(SETTINGS)
SOCKSTAT = "USER COMMAND PID FD PROTO LOCAL\nwww haproxy 7 5 tcp4 *:25 *:*\n"
RDR = "rdr on em0 inet proto tcp from any to any port = smtp -> 10.0.20.1\n"
PASS = "pass all\n"  # noqa: S105 - pf's word
STAND_INS = {
    "sockstat": f"case $* in -l) cat <<'END'\n{SOCKSTAT}END\nesac",
    "pfctl": f"case $* in\n-sn) cat <<'END'\n{RDR}END\n;;\n-sr) cat <<'END'\n{PASS}END\nesac",
    "logger": f'printf "%s\\n" "$*" >>{LOGGED}',
}
REFUSED = (
    "id",
    "show servers state; id",
    f"{SHOW}; id",
    f"{SHOW}\nid",
    f"{SHOW} ",
    f" {SHOW}",
    SHOW.replace("show info", "shutdown sessions server x/y"),
    SHOW.replace("show info", "$(id)"),
    SHOW.replace("'", '"'),
    "sockstat -l | cat",
    "sockstat -l\n",
    "sockstat *",
    "sockstat ?l",
    "*",
    "pfctl -sn; pfctl -d",
    "pfctl -d",
    f"cat {CONFIGURATION} /etc/master.passwd",
    "cat /etc/passwd",
    f"cat {LAST_BACKUP} /etc/master.passwd",
    "cat ",
    "`id`",
    "';id;'",
    '"',
    "\\",
    "sh -c id",
    "\x1b]0;x\x07",
)
SHELLS = ("dash", "bash --posix", "busybox sh")


class Gated:
    """The edge with the gate before mailpath's key."""

    def __init__(self, lab: Lab) -> None:
        """Install the gate as docs/pfsense.md says, but for the place of its programs."""
        self.lab = lab
        text = GATE.read_text()
        assert "\nPATH=/sbin:" in text
        lab.edge.write(INSTALLED, text.replace("\nPATH=", f"\nPATH={PROGRAMS}:"), 0o755)
        self._programs = {program: _program(lab, program) for program in STAND_INS}
        for program, script in STAND_INS.items():
            lab.sshd.install(program, f"#!/bin/sh\n{script}\n")
        lab.edge.write(LOGGED, "", 0o666)
        lab.edge.write(LAST_BACKUP, "1776580000\n")
        self._keys = lab.edge.path(KEYS).read_text()
        lab.edge.write(KEYS, f'restrict,command="{INSTALLED}" {self._keys}')

    def ask(self, command: str) -> subprocess.CompletedProcess[str]:
        """Send a command as mailpath's key."""
        return ssh(self.lab, command)

    def client(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Call OpenSSH's client with arguments of one's own."""
        program, *rest = arguments
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": str(self.lab.sshd.key_file),
            "UserKnownHostsFile": str(self.lab.sshd.known_hosts_file),
        }
        flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
        return subprocess.run(
            [*self.lab.command_prefix("client"), program, "-F", "none", *flags, *rest],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    @property
    def logged(self) -> list[str]:
        """What the gate has logged."""
        return self.lab.edge.path(LOGGED).read_text().splitlines()

    def close(self) -> None:
        """Let the key do everything again, and put the programs back that were there."""
        self.lab.edge.write(KEYS, self._keys)
        for program, script in self._programs.items():
            if script is None:
                self.lab.edge.path(f"{PROGRAMS}/{program}").unlink()
            else:
                self.lab.sshd.install(program, script)


def _program(lab: Lab, name: str) -> str | None:
    path = lab.edge.path(f"{PROGRAMS}/{name}")
    return path.read_text() if path.exists() else None


@pytest.fixture
def gated(lab: Lab) -> Iterator[Gated]:
    """Give the edge with the gate."""
    gate = Gated(lab)
    yield gate
    gate.close()


def test_mailpaths_commands_pass(gated: Gated) -> None:
    """Every command line that mailpath sends gives its output, and nothing is logged."""
    assert len(parse_answer(gated.ask(SHOW).stdout.encode()).servers) == 20
    assert gated.ask(COMMANDS["sockstat"]).stdout == SOCKSTAT
    assert gated.ask(COMMANDS["nat"]).stdout == RDR
    assert gated.ask(COMMANDS["rules"]).stdout == PASS
    assert gated.ask(COMMANDS["configuration"]).stdout == gated.lab.edge.path(CONFIGURATION).read_text()
    assert gated.ask(COMMANDS["stats_socket"]).stdout.startswith("srw")
    assert gated.ask(COMMANDS["backup"]).stdout == "1776580000\n"
    assert gated.logged == []


def _link(lab: Lab) -> SshLink:
    return SshLink(SshSettings(EDGE, USER, lab.sshd.key_file, lab.sshd.known_hosts_file))


async def _round(lab: Lab) -> EdgeObservation:
    link = _link(lab)
    try:
        probe = edge.Edge(SETTINGS, link)
        return probe.judge(await probe.run(), Span(0.0, 1.0, 2.0))
    finally:
        await link.close()


def test_the_probe_passes(gated: Gated) -> None:
    """The edge's probe reads all it wants through the gate, over one connection."""
    seen = gated.lab.run(_round(gated.lab))
    assert (seen.ssh_ok, seen.failures) == (True, {})
    assert seen.frontends is not None
    assert seen.frontends[25].pids == (7,)
    assert seen.redirects is not None
    assert (seen.redirects[25].state, seen.redirects[25].passed) == (RedirectState.OK, True)
    assert seen.configuration is not None
    assert {bind.port for frontend in seen.configuration.frontends for bind in frontend.binds} >= {25, 465, 587, 993}
    assert seen.stats_socket is not None
    assert (seen.stats_socket.kind, seen.stats_socket.bits) == ("s", 0o600)
    assert seen.backup == 1776580000.0


async def _refusals(lab: Lab) -> list[str]:
    link = _link(lab)
    said = []
    try:
        for command in REFUSED:
            with pytest.raises(LinkError) as caught:
                await link.run(command, timeout=5)
            said.append(caught.value.detail)
    finally:
        await link.close()
    return said


def test_everything_else_is_refused(gated: Gated) -> None:
    """Whatever is not one of them as a whole ends with status 126 and one printable line in the log."""
    for said in gated.lab.run(_refusals(gated.lab)):
        assert said.startswith("exit status 126: mailpath-gate: refused: ")
    assert len(gated.logged) == len(REFUSED)
    for line in gated.logged:
        assert line.startswith("-t mailpath-gate -p auth.warning -- refused to 10.0.20.50: ")
        assert line.isprintable()


@pytest.mark.parametrize("command", ["id", f"{SHOW}; id", f"sockstat -l{chr(10)}id"])
def test_a_refusal_gives_no_output(gated: Gated, command: str) -> None:
    """Nothing of what was wanted comes out, not even the part that would have been allowed."""
    done = gated.ask(command)
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr.startswith("mailpath-gate: refused: ")


def test_long_commands_are_cut_in_the_log(gated: Gated) -> None:
    """Nobody fills the log by one line."""
    assert gated.ask("x" * 5000).returncode == 126
    assert [len(line) < 300 for line in gated.logged] == [True]


def test_no_shell_no_files_no_forwarding(gated: Gated) -> None:
    """A shell, a terminal, sftp, scp and forwarded ports are refused as well; standard input goes nowhere."""
    where = f"{USER}@{EDGE}"
    shell = gated.client("ssh", where, stdin="id\n")
    assert (shell.returncode, shell.stdout) == (126, "")
    assert "(an interactive shell)" in shell.stderr
    terminal = gated.client("ssh", "-tt", where, "id")
    assert "uid=" not in terminal.stdout
    for program, *arguments in (("sftp", where), ("scp", "-O", f"{where}:/etc/passwd", os.devnull)):
        assert gated.client(program, *arguments, stdin="ls\n").returncode != 0
    forwarded = gated.client("ssh", "-W", "10.0.20.1:2525", where, stdin="QUIT\n")
    assert forwarded.returncode != 0
    assert "220" not in forwarded.stdout
    assert len(gated.logged) >= 3


def test_standard_input_is_ignored(gated: Gated) -> None:
    """The stats socket is told what stands in the gate, and not what a client writes behind it."""
    done = gated.client("ssh", f"{USER}@{EDGE}", SHOW, stdin="disable server mailserver_nodes_smtp_ipvANY/k8s-node1\n")
    assert done.returncode == 0
    servers = parse_answer(done.stdout.encode()).servers
    assert {int(server.admin) for server in servers} == {0}


def test_failures_are_the_commands(gated: Gated) -> None:
    """A command that fails says so by its own status and words."""
    gated.lab.sshd.install("pfctl", "#!/bin/sh\necho 'pfctl: /dev/pf: Permission denied' >&2\nexit 1\n")
    done = gated.ask("pfctl -sn")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "pfctl: /dev/pf: Permission denied\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_other_shells(shell: str, tmp_path: Path) -> None:
    """The gate needs nothing that a POSIX shell does not have."""
    sockstat = tmp_path / "sockstat"
    sockstat.write_text("#!/bin/sh\necho $*\n")
    sockstat.chmod(0o755)
    gate = tmp_path / "gate"
    gate.write_text(GATE.read_text().replace("\nPATH=", f"\nPATH={tmp_path}:"))

    def ask(command: str) -> tuple[int, str]:
        done = subprocess.run(
            [*shell.split(), gate],
            env={"SSH_ORIGINAL_COMMAND": command},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert ask("sockstat -l") == (0, "-l\n")
    assert ask("sockstat -l; id") == (126, "")


def test_pfsenses_login_shell(tmp_path: Path) -> None:
    """The gate must be one word: rc.initial does not quote it, and with a word before it leaves root's shell open."""
    gate = tmp_path / "gate"
    gate.write_text(GATE.read_text())
    gate.chmod(0o755)
    login = ["sh", "-c", "/bin/sh -c $1", "rc.initial"]
    for command, refused in ((str(gate), True), (f"/bin/sh {gate}", False)):
        done = subprocess.run([*login, command], env={}, input="echo open", capture_output=True, text=True, check=False)
        assert (done.returncode == 126) is refused
        assert ("open" in done.stdout) is not refused


def test_shellcheck() -> None:
    """ShellCheck has nothing to say about it."""
    done = subprocess.run(["shellcheck", "-s", "sh", GATE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
