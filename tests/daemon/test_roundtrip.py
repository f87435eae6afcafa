"""The command: what it needs, where it reads its secrets, how it ends, and that no secret leaves it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.config.load import parse
from monitor.config.settings import PathSettings
from monitor.config.values import Secret
from monitor.core.errors import ConfigError
from monitor.core.roundtrip import Roundtrip, Step, Via
from monitor.daemon import roundtrip
from monitor.daemon.reporting import Told
from monitor.daemon.roundtrip import hide, roundtrip_once
from monitor.probes.roundtrip import RoundtripProbe, Trip
from tests.config import documents
from tests.config.documents import with_block

KEY, WORD = "marked-key", "marked-word"
FRONT = b"Received: from a (b [ADDRESS]) by mail.example.org\r\n\r\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give a directory with both secrets."""
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "word").write_text(f"{WORD}\r\n")
    return tmp_path


def path(files: Path, more: str = "", beside: str = "edges: [{}]") -> PathSettings:
    """Give a path whose roundtrip lacks nothing."""
    block = (
        f"roundtrip: {{sender: a@example.org, recipient: b@example.org, brevo: {{api_key_file: {files}/key}}, "
        f"imap: {{host: 127.0.0.1, user: u, password_file: {files}/word}}{more}}}\n{beside}"
    )
    return documents.path(block)


def arriving(monkeypatch: pytest.MonkeyPatch, *, address: str = "77.32.148.20", trip: Trip | None = None) -> None:
    """Let every message arrive from an address, or a trip end otherwise."""
    end = trip or Trip(header=FRONT.replace(b"ADDRESS", address.encode()), own_address="10.0.20.50")

    async def run(_: RoundtripProbe) -> Trip:
        return end

    monkeypatch.setattr(RoundtripProbe, "run", run)


def telling(monkeypatch: pytest.MonkeyPatch, *told: Told) -> list[Roundtrip]:
    """Let everybody be told so; gives what they were told."""
    heard: list[Roundtrip] = []

    async def report(_: Any, result: Roundtrip) -> list[Told]:  # noqa: ANN401 - settings that do not matter
        heard.append(result)
        return list(told)

    monkeypatch.setattr(roundtrip, "report", report)
    return heard


@pytest.mark.parametrize(
    ("address", "via", "code"),
    [
        ("77.32.148.20", Via.BREVO, 0),
        ("10.0.20.1", Via.BREVO, 1),
        ("10.0.20.101", Via.BREVO, 1),
        ("10.0.20.50", Via.FRONT_DOOR, 0),
        ("10.0.20.101", Via.FRONT_DOOR, 0),
        ("10.0.20.1", Via.FRONT_DOOR, 1),
    ],
)
def test_the_exit_code_knows_of_the_client_ip(
    address: str, via: Via, code: int, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that arrived under an address of the house is a success that is not sound."""
    arriving(monkeypatch, address=address)
    ended, words = roundtrip_once(path(files), via)
    assert ended == code
    assert words.startswith("Round-trip SUCCESS after ")


def test_a_success_of_which_nobody_hears_is_none(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If all who were to be told could not be, the job has failed; one who heard is enough."""
    arriving(monkeypatch)
    telling(monkeypatch, Told(ok=False, words="Could not tell A"), Told(ok=False, words="Could not tell B"))
    code, words = roundtrip_once(path(files), Via.BREVO)
    assert (code, words.splitlines()[1:]) == (1, ["Could not tell A", "Could not tell B"])
    telling(monkeypatch, Told(ok=False, words="Could not tell A"), Told(ok=True, words="Told B"))
    assert roundtrip_once(path(files), Via.BREVO)[0] == 0


def test_no_secret_leaves(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where a server repeats what it was given."""
    arriving(monkeypatch, trip=Trip(Step.SEND, f"Brevo answered 401 (no such key: {KEY}, {WORD})"))
    heard = telling(monkeypatch)
    code, words = roundtrip_once(path(files), Via.BREVO)
    assert code == 1
    assert "no such key: <secret>, <secret>" in words
    assert "marked" not in words + repr(heard)


def test_nothing_is_hidden_by_an_empty_secret() -> None:
    """As the key is where Brevo is not asked."""
    assert hide("a text", [Secret("")]) == "a text"


def test_a_failure_is_explained(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon is asked, and what it says stands in the result."""
    arriving(monkeypatch, trip=Trip(Step.ARRIVE, "it did not arrive"))
    heard = telling(monkeypatch)
    _, words = roundtrip_once(path(files, ", daemon_urls: ['http://127.0.0.1:1']"), Via.BREVO)
    assert "it did not arrive; mailpath's daemon cannot be asked (refused: " in words
    assert "mailpath's daemon cannot be asked" in heard[0].detail


def faults(given: PathSettings, via: Via = Via.BREVO) -> str:
    """Give the fault of a command."""
    with pytest.raises(ConfigError) as caught:
        roundtrip_once(given, via)
    return str(caught.value)


def test_what_it_needs(files: Path, tmp_path: Path) -> None:
    """Each sentence says what to give."""
    assert "paths.home.roundtrip: missing; `mailpath roundtrip` needs sender," in faults(
        parse(with_block("checks: {}"), "").paths[0]
    )
    bare = path(files)
    (tmp_path / "key").unlink()
    assert (
        faults(bare)
        == f"paths.home.roundtrip.brevo.api_key_file: {files}/key cannot be read: No such file or directory"
    )
    (tmp_path / "word").write_text("two\nlines\n")
    assert (
        faults(bare, Via.FRONT_DOOR)
        == f"paths.home.roundtrip.imap.password_file: {files}/word holds no secret of one line"
    )
    (tmp_path / "word").write_bytes(b"\xff")
    assert "it is not UTF-8" in faults(bare, Via.FRONT_DOOR)
    (tmp_path / "word").write_text("x")
    assert "paths.home.edges: missing; --via front_door" in faults(path(files, beside="checks: {}"), Via.FRONT_DOOR)


def test_brevo_must_be_configured(files: Path) -> None:
    """Or somebody else must send."""
    without = with_block(
        f"roundtrip: {{sender: a@b.c, recipient: a@b.c, imap: {{user: u, password_file: {files}/word}}}}\nedges: [{{}}]"
    )
    assert "use --via front_door" in faults(parse(without, "").paths[0])


def test_the_trust_must_be_readable(files: Path) -> None:
    """The certificate is verified as everywhere else."""
    given = path(files)
    broken = parse(
        with_block("edges: [{}]").replace(b"mail.example.org", b"mail.example.org, ca_file: /nowhere.pem"), ""
    ).paths[0]
    assert "tls.ca_file: /nowhere.pem" in faults(msgspec.structs.replace(given, tls=broken.tls))
