"""A dialogue as data: the steps that a script asks for, and the record that remains of it.

A *script* is a generator: it yields steps, is resumed with the bytes that arrived (``b""`` at end of stream, and after
every step but ``Receive``), returns its outcome, and raises ``WireError`` when the peer speaks wrongly. Scripts live
in ``wire`` and do no I/O; ``links`` drives them over a socket and times the phases.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, final

from monitor.core.taxonomy import Phase, Reason

MAX_SHOWN = 512
"""The most bytes of one event that a transcript shows."""

_TEXT = bytes({*b"\t\r\n", *range(0x20, 0x7F), *range(0x80, 0x100)})


@final
class Enter(NamedTuple):
    """From here on time belongs to this phase, and a failure is this phase's."""

    phase: Phase


@final
class Send(NamedTuple):
    """Write these bytes, in one write."""

    data: bytes


@final
class Receive(NamedTuple):
    """Resume me with the next bytes that arrive, at least one, or ``b""`` when the peer has closed.

    What is ``said`` is written first, in one write; none by default. With a ``phase`` it is entered before all this.
    """

    said: bytes = b""
    phase: Phase | None = None


@final
@dataclass(frozen=True, slots=True)
class StartTls:
    """Put TLS on top of the connection; resume when its handshake is complete."""


@final
class Mark(NamedTuple):
    """Remember the time of this moment under a name (``teaser``, ``banner``)."""

    name: str


Step = Enter | Send | Receive | StartTls | Mark


class Endpoints(NamedTuple):
    """Both ends of a connected socket, as the kernel names them."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int

    def __str__(self) -> str:
        """Name both on one line."""
        return " -> ".join(
            f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            for address, port in ((self.local_address, self.local_port), (self.remote_address, self.remote_port))
        )


@final
class DialogueOutcome(NamedTuple):
    """What a mail dialogue brought to light, when it came to its clean end.

    ``greeting`` is the final greeting line without its line end, ``capabilities`` the EHLO keywords or IMAP
    capabilities as the server spelled them, ``noops`` the number of NOOP commands sent (a nonce that smtpd repeats in
    its disconnect line), ``believed_address`` the client address that the server named in a reply (``None`` where it
    named none), ``proof_reply`` that reply, ``recipient`` for whom it was said, ``starttls`` whether STARTTLS was
    carried out.
    """

    greeting: str = ""
    capabilities: tuple[str, ...] = ()
    starttls: bool = False
    noops: int = 0
    believed_address: str | None = None
    proof_reply: str = ""
    recipient: str = ""


Script = Generator[Step, bytes, DialogueOutcome]
ScriptMaker = Callable[[Endpoints], Script]


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What TLS showed: version and cipher, the certificate's end, and why it is not valid, if it is not.

    ``not_after`` is in seconds since the epoch, ``None`` when the certificate could not be read. ``problem`` is
    ``None`` for a certificate that verifies.
    """

    version: str
    cipher: str
    not_after: float | None
    fingerprint: str
    problem: Reason | None = None
    problem_detail: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where and why a conversation ended before its clean end; ``data`` is what the peer sent, bounded."""

    phase: Phase
    reason: Reason
    detail: str = ""
    data: bytes = b""


Event = tuple[float, str, str | bytes | Endpoints]
"""A line of a transcript as it is kept, both ends for a connect: to make a thing readable is not cheap."""


class TranscriptLine(NamedTuple):
    """One event of the wire: seconds since the start, ``>`` sent, ``<`` received, ``.`` remark, and what it was."""

    at: float
    direction: str
    said: str | bytes | Endpoints

    @property
    def text(self) -> str:
        """What it was, on one line."""
        if isinstance(self.said, Endpoints):
            return f"connected {self.said}"
        return self.said if isinstance(self.said, str) else readable(self.said)


def readable(data: bytes) -> str:
    """Show bytes on one line: text with its line ends and odd bytes escaped, anything binary in hexadecimal."""
    shown = data[:MAX_SHOWN]
    more = f"… ({len(data)} bytes)" if len(data) > MAX_SHOWN else ""
    if shown.translate(None, _TEXT):
        return f"{len(data)} bytes: {shown.hex()}{'…' if more else ''}"
    return shown.decode("latin-1").encode("unicode_escape").decode("ascii") + more


class Conversation(NamedTuple):
    """The whole record of one conversation, complete or not.

    Times are seconds of the event loop's clock (``started``, ``finished``) or seconds of duration (``phases``; connect
    is the kernel's own measure). ``marks`` are seconds since ``started``. ``failure`` is ``None`` exactly when
    ``outcome`` is not. ``events`` are what the transcript is made of when somebody reads it, which is seldom.
    """

    started: float
    finished: float
    endpoints: Endpoints | None
    phases: Mapping[Phase, float]
    marks: Mapping[str, float] = MappingProxyType({})
    tls: TlsFacts | None = None
    outcome: DialogueOutcome | None = None
    failure: Failure | None = None
    bytes_received: int = 0
    events: Sequence[Event] = ()

    @property
    def transcript(self) -> tuple[TranscriptLine, ...]:
        """What was said and done, in order."""
        return tuple(TranscriptLine(*event) for event in self.events)

    @property
    def greet_wait(self) -> float:
        """Seconds between postscreen's ``220-`` teaser and its final ``220 ``; 0 where there was no teaser."""
        teaser = self.marks.get("teaser")
        banner = self.marks.get("banner")
        return banner - teaser if teaser is not None and banner is not None else 0.0

    @property
    def duration(self) -> float:
        """Seconds from the first SYN to the end."""
        return self.finished - self.started
