"""The roundtrip: give a message to somebody, find it in its mailbox, read from its header who our server saw."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.core.errors import LinkError, WireError
from monitor.core.roundtrip import Letter, Roundtrip, Step, Via
from monitor.core.taxonomy import Reason
from monitor.wire.message import handed_over, passed, relays

# Says whether a recorded address is the sender's own: ``None``: that cannot be told. The second is our own address of
# the connection by which we sent, ``""`` where somebody else sent for us.
IsSender = Callable[[str, str], bool | None]

_CARRIERS = {Via.BREVO: "Brevo", Via.FRONT_DOOR: "the front door"}


class Carrier(Protocol):
    """Takes a message to the front door."""

    async def send(self, letter: Letter) -> str:
        """Send; gives our own address of the connection, ``""`` where somebody else sends for us.

        Raises:
            LinkError: The carrier cannot be reached.
            WireError: It does not take the message.
        """


class Box(Protocol):
    """Looks into the mailbox."""

    async def collect(self, marker: str) -> bytes | None:
        """Give the header of the marked message and delete it; ``None``: it is not there (yet).

        Raises:
            LinkError: The mailbox cannot be read.
        """


@dataclass(frozen=True, slots=True)
class RoundtripSettings:
    """One roundtrip: ``timeout`` from sending to finding and ``poll_interval`` in seconds."""

    path: str
    via: Via
    letter: Letter
    timeout: float
    poll_interval: float
    backup_mx: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """What happened: where it ended and why, or the header of the message that arrived."""

    step: Step | None = None
    detail: str = ""
    header: bytes = b""
    own_address: str = ""


class RoundtripProbe:
    """One roundtrip."""

    def __init__(self, settings: RoundtripSettings, carrier: Carrier, box: Box, is_sender: IsSender) -> None:
        """Join a carrier and a mailbox."""
        self.settings = settings
        self._carrier = carrier
        self._box = box
        self._is_sender = is_sender

    async def run(self) -> Trip:
        """Send, and look until it is there or the time is over."""
        settings = self.settings
        carrier = _CARRIERS[settings.via]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + settings.timeout
        try:
            own_address = await self._carrier.send(settings.letter)
        except (LinkError, WireError) as error:
            return Trip(Step.SEND, f"{carrier} did not take the message ({error})")
        while True:
            try:
                header = await self._box.collect(settings.letter.marker)
            except LinkError as error:
                # Another login with what was refused would only bring a ban nearer (fail2ban, CrowdSec).
                if error.reason is Reason.AUTH_FAILED:
                    return Trip(Step.MAILBOX, f"{carrier} took the message; the mailbox refused our login ({error})")
                last = Trip(Step.MAILBOX, f"{carrier} took the message; the mailbox cannot be read ({error})")
            else:
                if header is not None:
                    return Trip(header=header, own_address=own_address)
                words = f"{carrier} took the message, and it did not arrive within {settings.timeout:.3g} s"
                last = Trip(Step.ARRIVE, words)
            left = deadline - loop.time()
            if left <= 0:
                return last
            await asyncio.sleep(min(settings.poll_interval, left))

    def judge(self, trip: Trip, duration: float, at: float) -> Roundtrip:
        """Say what it means; ``duration`` in seconds, ``at`` epoch seconds of its end."""
        settings = self.settings
        if trip.step is not None:
            return Roundtrip(settings.path, at, False, duration, settings.via, trip.step, trip.detail)  # noqa: FBT003
        trace = relays(trip.header)
        relay = handed_over(trace)
        address = relay.address if relay is not None else ""
        recovered = self._is_sender(address, trip.own_address) if address else None
        return Roundtrip(
            path=settings.path,
            at=at,
            success=True,
            duration=duration,
            via=settings.via,
            detail=_told(address, recovered=recovered),
            client_address=address,
            client_ip_recovered=recovered,
            via_backup=passed(trace, settings.backup_mx),
        )


def _told(address: str, *, recovered: bool | None) -> str:
    if not address:
        return "no Received line of our own server names the sender's address"
    if recovered:
        return f"the sender was recorded as {address}, its own address"
    if recovered is False:
        return f"CLIENT IP LOST: the sender was recorded as {address}, an address of the house and not its own"
    return f"the sender was recorded as {address}; whether that is its own cannot be told"
