"""The record of a conversation while it grows: phases, marks and a bounded transcript, by the event loop's clock."""

from collections.abc import Callable

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure, TlsFacts, TranscriptLine
from monitor.core.errors import KEPT_BYTES
from monitor.core.taxonomy import Phase, Reason

MAX_LINES = 200
MAX_SHOWN = 512

_TEXT = bytes({*b"\t\r\n", *range(0x20, 0x7F), *range(0x80, 0x100)})


class Record:
    """Everything that a ``Conversation`` will say; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start the clock, in phase ``connect``."""
        self._clock = clock
        self.started = self._since = clock()
        self._finished: float | None = None
        self._phase = Phase.CONNECT
        self._phases: dict[Phase, float] = {}
        self._marks: dict[str, float] = {}
        self._lines: list[TranscriptLine] = []
        self._heard = b""
        self._endpoints: Endpoints | None = None
        self._tls: TlsFacts | None = None
        self._outcome: DialogueOutcome | None = None
        self._failure: Failure | None = None
        self.bytes_received = 0

    def enter(self, phase: Phase) -> None:
        """Close the running phase and go on in another; one that is entered again goes on where it stopped."""
        self._settle()
        self._phase = phase
        self._heard = b""

    def _settle(self) -> None:
        now = self._clock()
        if self._phase is not Phase.CONNECT or self._endpoints is None:  # else the kernel has measured it
            self._phases[self._phase] = self._phases.get(self._phase, 0.0) + now - self._since
        self._since = now

    def connected(self, endpoints: Endpoints, measure: Callable[[float], float]) -> None:
        """Note both ends, and how long the connect took: ``measure`` may know better than the seconds of our clock."""
        now = self._clock()
        self._endpoints = endpoints
        self._phases[Phase.CONNECT] = measure(now - self.started)
        self._since = now
        local = _joined(endpoints.local_address, endpoints.local_port)
        self.remark(f"connected {local} -> {_joined(endpoints.remote_address, endpoints.remote_port)}")

    def secured(self, facts: TlsFacts) -> None:
        """Note what TLS showed."""
        self._tls = facts
        problem = f", but {facts.problem}: {facts.problem_detail}" if facts.problem else ""
        self.remark(f"TLS ok {facts.version} {facts.cipher}{problem}")

    def mark(self, name: str) -> None:
        """Remember this moment."""
        self._marks[name] = self._clock() - self.started

    def sent(self, data: bytes) -> None:
        """Show what is written."""
        self._line(">", readable(data))

    def received(self, data: bytes) -> None:
        """Show what was read, and keep its first bytes as the phase's evidence."""
        if data:
            self._heard = (self._heard + data)[:KEPT_BYTES] if len(self._heard) < KEPT_BYTES else self._heard
            self._line("<", readable(data))
        else:
            self.remark("EOF")

    def remark(self, text: str) -> None:
        """Show an event that is no bytes."""
        self._line(".", text)

    def _line(self, direction: str, text: str) -> None:
        if len(self._lines) < MAX_LINES:
            self._lines.append(TranscriptLine(self._clock() - self.started, direction, text))

    def complete(self, outcome: DialogueOutcome) -> None:
        """Note the clean end."""
        self._settle()
        self._finished = self._since
        self._outcome = outcome

    def fail(self, reason: Reason, detail: str, data: bytes = b"") -> None:
        """Note the end where it should not be; without ``data`` the evidence is what the phase has heard.

        Whatever goes wrong after the clean end, while hanging up, is no failure of the dialogue.
        """
        if self._finished is not None:
            return
        self._settle()
        self._finished = self._since
        self._failure = Failure(self._phase, reason, detail, data or self._heard)
        self.remark(f"{reason} {detail} in {self._phase}" if reason is Reason.TIMEOUT else f"{reason}: {detail}")

    def conversation(self) -> Conversation:
        """Give the finished record."""
        return Conversation(
            started=self.started,
            finished=self.started if self._finished is None else self._finished,
            endpoints=self._endpoints,
            phases=self._phases,
            marks=self._marks,
            tls=self._tls,
            outcome=self._outcome,
            failure=self._failure,
            bytes_received=self.bytes_received,
            transcript=tuple(self._lines),
        )


def readable(data: bytes) -> str:
    """Show bytes on one line: text with its line ends and odd bytes escaped, anything binary in hexadecimal."""
    shown = data[:MAX_SHOWN]
    more = f"… ({len(data)} bytes)" if len(data) > MAX_SHOWN else ""
    if shown.translate(None, _TEXT):
        return f"{len(data)} bytes: {shown.hex()}{'…' if more else ''}"
    return shown.decode("latin-1").encode("unicode_escape").decode("ascii") + more


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
