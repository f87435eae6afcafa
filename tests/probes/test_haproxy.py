"""HAProxy's own view: one read-only command for three answers, and whose fault it is where none comes."""

import shlex
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.model import Target
from monitor.core.observations import HaproxyObservation, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes.haproxy import Haproxy, HaproxySettings, command, ssh_settings
from tests import kinds
from tests.probes.home import settings

ANSWER = (Path(__file__).parents[1] / "wire" / "data" / "haproxy" / "one-call.txt").read_bytes()
SOCKET = "/tmp/haproxy.socket"  # noqa: S108 - pfSense's own place
SPAN = Span(1.0, 2.0, 1_000_000.0)


class Answering(SshLink):
    """An edge with one answer to every command."""

    def __init__(self, answer: bytes | LinkError) -> None:
        """Hold the answer; connect to nothing."""
        super().__init__(SshSettings("192.0.2.1", "admin", Path("none"), Path("none")))
        self.asked: list[tuple[str, float]] = []
        self._answer = answer

    async def run(self, command: str, *, timeout: float) -> bytes:  # noqa: ASYNC109 - the signature of the real one
        """Answer, and remember the question."""
        self.asked.append((command, timeout))
        if isinstance(self._answer, LinkError):
            raise self._answer
        return self._answer


async def poll(answer: bytes | LinkError) -> HaproxyObservation:
    """Ask an edge that answers like this, once."""
    ssh = Answering(answer)
    probe = Haproxy(HaproxySettings("home", "pfsense", SOCKET, timeout=10.0), ssh)
    seen = probe.judge(await probe.run(), SPAN)
    assert ssh.asked == [(command(SOCKET), 10.0)]
    return seen


async def test_one_call_brings_servers_statistics_and_version() -> None:
    """All three, or the poll has failed."""
    seen = await poll(ANSWER)
    assert (seen.ok, seen.ssh_ok, seen.target) == (True, True, Target("home", kinds.HAPROXY, "pfsense", ""))
    assert seen.servers
    assert seen.stats
    assert seen.info is not None
    assert (seen.started, seen.finished, seen.at) == SPAN


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.AUTH_FAILED, Reason.HOST_KEY_MISMATCH, Reason.TIMEOUT])
async def test_a_connection_that_fails_is_a_failure_of_ssh(reason: Reason) -> None:
    """HAProxy may be fine: nothing is known of it."""
    seen = await poll(LinkError(reason, "words"))
    assert seen.failure is not None
    assert (seen.ssh_ok, seen.failure.phase, seen.failure.reason) == (False, Phase.SSH, reason)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("exit status 1: socat E connect(): No such file or directory", Reason.SOCKET_MISSING),
        ("exit status 1: socat E connect(): Permission denied", Reason.PERMISSION_DENIED),
        ("exit status 1: socat E connect(): Connection refused", Reason.REFUSED),
        ("exit status 77: mailpath-gate: refused", Reason.PERMISSION_DENIED),
        ("exit status 127: sh: socat: not found", Reason.COMMAND_FAILED),
    ],
)
async def test_a_command_that_fails_has_the_reason_of_its_words(words: str, reason: Reason) -> None:
    """SSH works: the fault is the socket's, the gate's, or a missing program's."""
    seen = await poll(LinkError(Reason.COMMAND_FAILED, words))
    assert seen.failure is not None
    assert (seen.ssh_ok, seen.failure.phase, seen.failure.reason) == (True, Phase.COMMAND, reason)
    assert seen.failure.detail == words


@pytest.mark.parametrize("answer", [b"", b"Unknown command.\n", ANSWER[:200]])
async def test_an_answer_that_is_not_haproxys_is_a_failure_to_parse(answer: bytes) -> None:
    """Nothing of a broken answer is used."""
    seen = await poll(answer)
    assert seen.failure is not None
    assert (seen.ssh_ok, seen.failure.phase, seen.servers) == (True, Phase.PARSE, ())


def test_the_socket_is_one_word_of_the_command() -> None:
    """A path with a space or a quote stays socat's argument; ``UNIX-CONNECT`` never creates a file."""
    words = shlex.split(command("/var/run/ha proxy's.sock"))
    assert "UNIX-CONNECT:/var/run/ha proxy's.sock" in words
    assert words[:2] == ["echo", "show servers state; show stat; show info"]


def test_edges_may_share_a_connection(tmp_path: Path) -> None:
    """An edge that names another one uses its SSH connection, to that one's host."""
    path = settings(tmp_path)
    own, shared = (ssh_settings(path, edge) for edge in path.edges)
    assert own is not None
    assert own == shared
    assert own.host == "10.0.20.1"
