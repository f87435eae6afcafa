"""SSH to an edge: one kept connection for all commands, and the patience that a broken one needs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.backoff import Backoff
from monitor.links.ssh_settings import SshSettings

if TYPE_CHECKING:
    from monitor.links.ssh_session import SshSession

OUTPUT_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Pause:
    """No attempt before ``until``; meanwhile every command gets the last attempt's answer."""

    until: float
    reason: Reason
    detail: str


class SshLink:
    """Runs commands over one connection, which is made when it is needed and made anew when it is broken.

    After a failed attempt the next one waits for a growing pause, or for ``patience`` seconds where only a person can
    help (our key is refused, the host's key is not the pinned one): an edge's sshguard counts such visits, and would
    ban the node.
    """

    def __init__(
        self,
        settings: SshSettings,
        *,
        output_limit: int = OUTPUT_LIMIT,
        backoff: Backoff | None = None,
        patience: float = 600.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Connect to nothing yet; ``clock`` (default: the event loop's) times the pauses, ``output_limit`` is bytes."""
        self._settings = settings
        self._output_limit = output_limit
        self._backoff = backoff or Backoff(1.0, 60.0)
        self._patience = patience
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._lock = asyncio.Lock()
        self._session: SshSession | None = None
        self._since = 0.0
        self._pause: _Pause | None = None

    @property
    def since(self) -> float | None:
        """When (``clock``) the present connection came up; ``None``: there is none."""
        return self._since if self._session is not None and self._session.usable else None

    @property
    def up(self) -> bool:
        """Whether there is a connection now."""
        return self.since is not None

    async def run(self, command: str, *, timeout: float) -> bytes:  # noqa: ASYNC109 - one deadline for connection and command, in words that say which
        """Run a command on the edge with an empty standard input, and return its standard output.

        Args:
            command: a line for the login shell of the user.
            timeout: seconds for everything, a new connection included.

        Raises:
            LinkError: REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED, MALFORMED, HOST_KEY_MISMATCH, AUTH_FAILED: the
                connection's; COMMAND_FAILED (its detail has exit status and stderr), TOO_LARGE, TIMEOUT: the command's.

        """
        deadline = asyncio.get_running_loop().time() + timeout
        session = await self._connected(deadline)
        return await session.run(command, deadline=deadline, output_limit=self._output_limit)

    async def close(self) -> None:
        """End the connection."""
        if self._session is not None:
            await self._session.close()

    async def _connected(self, deadline: float) -> "SshSession":
        if self._session is not None and self._session.usable:
            return self._session
        # whoever comes while somebody connects waits here, and finds the connection made or the pause begun
        try:
            async with asyncio.timeout_at(deadline):
                await self._lock.acquire()
        except TimeoutError as e:
            raise LinkError(Reason.TIMEOUT, f"{self._settings}: still connecting") from e
        try:
            if self._session is None or not self._session.usable:
                self._session = await self._connect(deadline)
                self._since = self._clock()
            return self._session
        finally:
            self._lock.release()

    async def _connect(self, deadline: float) -> "SshSession":
        if self._pause is not None and (left := self._pause.until - self._clock()) > 0:
            raise LinkError(self._pause.reason, f"{self._pause.detail}; next try in {left:.0f} s")
        from monitor.links import ssh_session  # noqa: PLC0415 - a daemon without an edge never pays for asyncssh

        credentials = ssh_session.read_credentials(self._settings)
        deadline = min(deadline, asyncio.get_running_loop().time() + self._settings.timeout)
        try:
            session = await ssh_session.connect(self._settings, credentials, deadline=deadline)
        except LinkError as e:
            patient = e.reason in {Reason.AUTH_FAILED, Reason.HOST_KEY_MISMATCH}
            delay = self._patience if patient else self._backoff.next_delay()
            self._pause = _Pause(self._clock() + delay, e.reason, e.detail)
            raise
        self._pause = None
        self._backoff.reset()
        return session
