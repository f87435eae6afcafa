"""The record of a conversation while it grows: phases, marks and a bounded transcript, by the event loop's clock."""

from collections.abc import Callable

from monitor.core.conversation import (
    MAX_SHOWN,
    Conversation,
    DialogueOutcome,
    Endpoints,
    Event,
    Failure,
    TlsFacts,
    readable,
)
from monitor.core.errors import KEPT_BYTES
from monitor.core.taxonomy import Phase, Reason

MAX_LINES = 200
RESUMED = ", session resumed (no certificate shown)"

_CONNECT = Phase.CONNECT  # a member costs 75 ns each time that the class is asked for it (CPython 3.11)


class Record:
    """Everything that a ``Conversation`` will say; ``clock`` gives seconds."""

    __slots__ = (
        "_clock",
        "_endpoints",
        "_events",
        "_failure",
        "_finished",
        "_heard",
        "_marks",
        "_outcome",
        "_phase",
        "_phases",
        "_since",
        "_tls",
        "bytes_received",
        "started",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start the clock, in phase ``connect``."""
        self._clock = clock
        self.started = self._since = clock()
        self._finished: float | None = None
        self._phase = _CONNECT
        self._phases: dict[Phase, float] = {}
        self._marks: dict[str, float] = {}
        self._events: list[Event] = []
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
        now, phase = self._clock(), self._phase
        if phase is not _CONNECT or self._endpoints is None:  # else the kernel has measured it
            self._phases[phase] = self._phases.get(phase, 0.0) + now - self._since
        self._since = now

    def connected(self, endpoints: Endpoints, measure: Callable[[float], float]) -> None:
        """Note both ends, and how long the connect took: ``measure`` may know better than the seconds of our clock."""
        now = self._clock()
        self._endpoints = endpoints
        self._phases[_CONNECT] = measure(now - self.started)
        self._since = now
        self._events.append((now - self.started, ".", endpoints))

    def secured(self, facts: TlsFacts, *, resumed: bool) -> None:
        """Note what TLS showed; if ``resumed``, what it has shown when the session began."""
        self._tls = facts
        problem = f", but {facts.problem}: {facts.problem_detail}" if facts.problem else ""
        self.remark(f"TLS ok {facts.version} {facts.cipher}{RESUMED if resumed else ''}{problem}")

    def mark(self, name: str) -> None:
        """Remember this moment."""
        self._marks[name] = self._clock() - self.started

    def sent(self, data: bytes) -> None:
        """Show what is written."""
        self._events.append((self._clock() - self.started, ">", data))  # as bounded as the script is

    def received(self, data: bytes) -> None:
        """Show what was read, and keep its first bytes as the phase's evidence."""
        if not data:
            self.remark("EOF")
            return
        self._heard = (self._heard + data)[:KEPT_BYTES] if self._heard else data[:KEPT_BYTES]
        if len(self._events) < MAX_LINES:
            # Made readable now where there is much of it, so that the transcript of an endless talker holds little.
            self._events.append((self._clock() - self.started, "<", data if len(data) <= MAX_SHOWN else readable(data)))

    def remark(self, text: str) -> None:
        """Show an event that is no bytes."""
        if len(self._events) < MAX_LINES:
            self._events.append((self._clock() - self.started, ".", text))

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
        return Conversation._make(
            (
                self.started,
                self.started if self._finished is None else self._finished,
                self._endpoints,
                self._phases,
                self._marks,
                self._tls,
                self._outcome,
                self._failure,
                self.bytes_received,
                self._events,
            )
        )
