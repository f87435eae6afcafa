"""The edge probe: which commands it sends, what it makes of the answers, what one failure leaves of the rest."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.conversation import Failure
from monitor.core.edge import RedirectState
from monitor.core.errors import LinkError
from monitor.core.observations import Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes.edge import Edge, EdgeSettings, commands

DATA = Path(__file__).parents[1] / "wire" / "data" / "edge"
SOCKET = "/tmp/haproxy.socket"  # noqa: S108 - pfSense's own place
PORTS = (25, 465, 587, 993)
SETTINGS = EdgeSettings("home", "pfsense", "10.0.20.1", (*PORTS, 2525), PORTS, SOCKET, timeout=10.0)
SPAN = Span(started=1.0, finished=2.0, at=3.0)
ANSWERS: Mapping[str, bytes | LinkError] = {
    "sockstat -l": (DATA / "sockstat-l.13.txt").read_bytes(),
    "pfctl -sn": (DATA / "pfctl-sn.pfsense.txt").read_bytes(),
    "pfctl -sr": (DATA / "pfctl-sr.pfsense.txt").read_bytes(),
    "cat /var/etc/haproxy/haproxy.cfg": (DATA / "haproxy.pfsense.cfg").read_bytes(),
    "ls -l /tmp/haproxy.socket": b"srwxr-xr-x  1 root  wheel  0 Apr 19 12:30 /tmp/haproxy.socket\n",
}


class FakeSsh(SshLink):
    """An edge that gives prepared answers, and remembers the questions."""

    def __init__(self, answers: Mapping[str, bytes | LinkError]) -> None:
        """Take the answers by their commands."""
        super().__init__(SshSettings("192.0.2.1", "admin", Path("none"), Path("none")))
        self.asked: list[str] = []
        self._answers = answers

    async def run(self, command: str, *, timeout: float) -> bytes:  # noqa: ASYNC109 - the signature of the real one
        """Give the answer."""
        assert timeout == SETTINGS.timeout
        self.asked.append(command)
        answer = self._answers[command]
        if isinstance(answer, LinkError):
            raise answer
        return answer


async def test_a_round() -> None:
    """All is asked once, in order, and everything is read."""
    ssh = FakeSsh(ANSWERS)
    probe = Edge(SETTINGS, ssh)
    seen = probe.judge(await probe.run(), SPAN)
    assert ssh.asked == list(ANSWERS) == list(commands(SETTINGS).values())
    assert (seen.ok, seen.ssh_ok, seen.started, seen.finished, seen.at) == (True, True, 1.0, 2.0, 3.0)
    assert seen.frontends is not None
    assert all(frontend.bound for frontend in seen.frontends.values())
    assert seen.redirects is not None
    assert {(r.state, r.port, r.passed) for r in seen.redirects.values()} == {
        (RedirectState.OK, 25, True),
        (RedirectState.OK, 465, True),
        (RedirectState.OK, 587, True),
        (RedirectState.OK, 993, False),
    }
    assert seen.configuration is not None
    assert len(seen.configuration.backends) == 6
    assert seen.stats_socket is not None
    assert seen.stats_socket.bits == 0o755


async def test_a_command_that_fails() -> None:
    """One that fails, is refused by the gate or answers nonsense costs its own knowledge and no other."""
    denied = LinkError(Reason.COMMAND_FAILED, "exit status 1: pfctl: /dev/pf: Permission denied")
    refused = LinkError(Reason.COMMAND_FAILED, "exit status 126: mailpath-gate: refused: cat x")
    ssh = FakeSsh(
        {
            **ANSWERS,
            "sockstat -l": b"nonsense",
            "pfctl -sr": denied,
            "cat /var/etc/haproxy/haproxy.cfg": refused,
        }
    )
    probe = Edge(SETTINGS, ssh)
    seen = probe.judge(await probe.run(), SPAN)
    assert seen.ssh_ok
    assert not seen.ok
    assert {name: (f.phase, f.reason) for name, f in seen.failures.items()} == {
        "sockstat": (Phase.PARSE, Reason.MALFORMED),
        "rules": (Phase.COMMAND, Reason.PERMISSION_DENIED),
        "configuration": (Phase.COMMAND, Reason.PERMISSION_DENIED),
    }
    assert (seen.frontends, seen.configuration) == (None, None)
    assert seen.redirects is not None
    assert {redirect.passed for redirect in seen.redirects.values()} == {None}


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.AUTH_FAILED, Reason.CLOSED])
async def test_a_connection_that_fails(reason: Reason) -> None:
    """A broken connection ends the round: nothing further is asked of it."""
    ssh = FakeSsh({**ANSWERS, "pfctl -sn": LinkError(reason, "so it goes")})
    probe = Edge(SETTINGS, ssh)
    seen = probe.judge(await probe.run(), SPAN)
    assert ssh.asked == ["sockstat -l", "pfctl -sn"]
    assert not seen.ssh_ok
    assert seen.failures == {"nat": Failure(Phase.SSH, reason, "so it goes")}
    assert seen.frontends is not None
    assert seen.redirects is None


async def test_an_edge_without_stats_socket() -> None:
    """A second instance, whose traffic no NAT brings, is judged by its sockets alone."""
    bridge = EdgeSettings("home", "bridge", "2001:db8:25::2", (25, 465), (), None, timeout=10.0)
    ssh = FakeSsh({"sockstat -l": (DATA / "sockstat-l.two-instances.txt").read_bytes()})
    probe = Edge(bridge, ssh)
    seen = probe.judge(await probe.run(), SPAN)
    assert ssh.asked == ["sockstat -l"]
    assert seen.frontends is not None
    assert {port: frontend.pids for port, frontend in seen.frontends.items()} == {25: (64009,), 465: ()}
    assert (seen.redirects, seen.configuration, seen.stats_socket) == (None, None, None)
    assert seen.ok


async def test_the_backups_time_is_asked_for_where_a_command_is_given() -> None:
    """The operator's own command runs last; what it says is a time, or a failure of its own."""
    told = {**ANSWERS, "cat /root/last-backup": b"1776580000\n"}
    settings = replace(SETTINGS, backup_command="cat /root/last-backup")
    probe = Edge(settings, FakeSsh(told))
    assert list(commands(settings)) == [*commands(SETTINGS), "backup"]
    assert probe.judge(await probe.run(), SPAN).backup == 1776580000.0
    gone = LinkError(Reason.COMMAND_FAILED, "exit status 1: cat: /root/last-backup: No such file or directory")
    probe = Edge(settings, FakeSsh({**told, "cat /root/last-backup": gone}))
    seen = probe.judge(await probe.run(), SPAN)
    assert seen.backup is None
    assert seen.failures["backup"].reason is Reason.NOT_FOUND
