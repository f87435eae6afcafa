"""``check``: is the non-PROXY healthcheck NodePort open? A TCP connect, silent where the kernel allows it.

Silent mode (TCP_QUICKACK off, linger 0: SYN, SYN-ACK, RST) proves that a kernel listens behind the NodePort, and
leaves no line in any log; it does not prove that Postfix accepts.
"""

from dataclasses import dataclass
from typing import Protocol

from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.observations import Judgement
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict

_ANSWERS = frozenset({Reason.REFUSED, Reason.RESET})


class ConnectResult(Protocol):
    """What a connect came to: ``reason`` is ``None`` on success, ``seconds`` the kernel's round trip."""

    @property
    def reason(self) -> Reason | None:
        """Why it failed."""

    @property
    def detail(self) -> str:
        """The system's own words."""

    @property
    def seconds(self) -> float:
        """How long SYN to SYN-ACK took."""


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """One check: whom, where, how long to wait, and whether without a trace."""

    target: Target
    address: str
    port: int
    timeout: float
    silent: bool


def judge(result: ConnectResult) -> Judgement:
    """Judge one connect."""
    if result.reason is None:
        return Judgement(Verdict.OK)
    verdict = Verdict.UNKNOWN if result.reason is Reason.LOCAL_ERROR else Verdict.PORT_CLOSED
    return Judgement(verdict, Failure(Phase.CONNECT, result.reason, result.detail))


def answered(reason: Reason | None) -> bool:
    """Tell whether the address gave a sign of life: a SYN-ACK or a reset."""
    return reason is None or reason in _ANSWERS
