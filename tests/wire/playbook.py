"""Plays a script against a transcript of the wire, however the peer's bytes are cut, and holds it to its manners."""

import re
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from monitor.core.conversation import DialogueOutcome, Enter, Mark, Receive, Script, Send, StartTls
from monitor.core.errors import WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.lines import MAX_LINE_BYTES, MAX_REPLY_BYTES

# The last line of a reply, of either protocol.
_FINAL_LINE = re.compile(
    rb"^(?:[2-5][0-9]{2}(?: .*)?\r?|\* (?:OK|PREAUTH).*|a[0-9]+ .*)\n", re.MULTILINE | re.IGNORECASE
)


class Cut(NamedTuple):
    """A way to cut what the peer sends between two steps of ours."""

    name: str
    size: int

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut the data."""
        return [data[at : at + self.size] for at in range(0, len(data), self.size)]


WHOLE = Cut("in one segment", 1 << 20)
every_cut = pytest.mark.parametrize(
    "cut", [WHOLE, Cut("in sevens", 7), Cut("byte by byte", 1)], ids=lambda cut: str(cut.name)
)


@dataclass(frozen=True, slots=True)
class Played:
    """How a script ended: its outcome or its error (``reason`` in ``phase``), and all that it said and did."""

    said: tuple[str, ...]
    phase: Phase | None
    outcome: DialogueOutcome | None = None
    error: WireError | None = None

    @property
    def failure(self) -> tuple[Phase | None, Reason | None]:
        """Where and why it failed."""
        return self.phase, self.error.reason if self.error else None

    @property
    def result(self) -> DialogueOutcome:
        """The outcome of a script that came to its end."""
        assert self.outcome is not None, self.error
        return self.outcome


def play(script: Script, transcript: str, cut: Cut = WHOLE) -> Played:
    r"""Play the peer of a transcript, and assert that the script says and does exactly what is written.

    ``< text`` is the peer's line, ``> text`` ours (without their CRLF; ``\xNN`` is a byte), ``. words`` what the
    script does besides: ``. ehlo`` enters a phase, ``. mark banner``, ``. tls``. What the peer says between two actions
    of ours is there for the script when it asks; after that the peer has closed.
    """
    lines = [line for line in transcript.splitlines() if line]
    turns = [b""]
    for line in lines:
        if line.startswith("<"):
            turns[-1] += _peers_line(line[2:])
        elif line.startswith(">") or line == ". tls":
            turns.append(b"")
    played = drive(script, [cut.pieces(turn) for turn in turns])
    assert list(played.said) == [line for line in lines if not line.startswith("<")]
    return played


def drive(script: Script, turns: list[list[bytes]]) -> Played:
    """Run a script to its end; ``turns[n]`` is what the peer sends after our n-th write or TLS handshake."""
    script = _with_manners(script)
    said: list[str] = []
    coming = deque(turns)
    arriving = deque(coming.popleft() if coming else ())
    phase: Phase | None = None
    try:
        step = next(script)
        while True:
            data = b""
            match step:
                case Receive():
                    if step.phase is not None:
                        phase = step.phase
                        said.append(f". {phase}")
                    if step.said:
                        arriving.extend(coming.popleft() if coming else ())
                        said.append(f"> {_text(step.said)}")
                    data = arriving.popleft() if arriving else b""
                case Enter():
                    phase = step.phase
                    said.append(f". {phase}")
                case Mark():
                    said.append(f". mark {step.name}")
                case Send() | StartTls():
                    arriving.extend(coming.popleft() if coming else ())
                    said.append(f"> {_text(step.data)}" if isinstance(step, Send) else ". tls")
            step = script.send(data)
    except StopIteration as stop:
        return Played(tuple(said), phase, outcome=stop.value)
    except WireError as error:
        return Played(tuple(said), phase, error=error)


def _with_manners(script: Script) -> Script:
    """Pass the steps of a script through; assert that it speaks in turn, one command at a time, and takes no flood."""
    heard, commands, flood = b"", 0, 0
    phase: Phase | None = None
    ended = False
    step = next(script)
    while True:
        match step:
            case Enter():
                phase = step.phase
            case Receive() | Send():
                phase = (step.phase if isinstance(step, Receive) else None) or phase
                assert not ended or isinstance(step, Send), "nothing comes after the end of the stream"
                command = step.said if isinstance(step, Receive) else step.data
                if command and phase is not Phase.PROXY_HEADER:
                    commands, flood = commands + 1, 0
                    assert len(_FINAL_LINE.findall(heard)) >= commands, f"{command!r} came before our turn"
                    assert re.fullmatch(rb"(?!DATA)[^\r\n]+\r\n", command), "two commands, or half of one, or a message"
                # Twice: the answer to a header may come unasked behind a greeting.
                assert flood <= 2 * (MAX_REPLY_BYTES + MAX_LINE_BYTES)
        data = yield step
        ended = ended or (isinstance(step, Receive) and not data)
        heard += data
        flood += len(data)
        try:
            step = script.send(data)
        except StopIteration as stop:
            outcome: DialogueOutcome = stop.value
            return outcome


def _peers_line(text: str) -> bytes:
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), text.encode("utf-8")) + b"\r\n"


def _text(data: bytes) -> str:
    return data.decode("latin-1").removesuffix("\r\n")
