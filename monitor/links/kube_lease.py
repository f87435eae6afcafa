"""Leader election by a Lease of the Kubernetes API (coordination.k8s.io/v1).

The thinking is ``Candidate``'s; here are the requests and the moments. A leader that cannot renew stops by itself at
its deadline, whatever its requests are doing: that is a timer, and not the end of a request.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_api import KubeApi, StatusError
from monitor.links.kube_candidate import Candidate, LeaseTiming

# a request that is given up before the next one is due never holds it up
REQUEST_SHARE = 0.9

# somebody else has written, or deleted, what we took for ours
_LOST = {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}


def new_identity() -> str:
    """Make up the identity of this process: the pod's name, which is its host's, and eight random digits."""
    return f"{socket.gethostname()}_{os.urandom(4).hex()}"


class LeaseElector:
    """Competes for a Lease, and leads while it holds it; ``failure`` says why the last attempt came to nothing."""

    def __init__(  # noqa: PLR0913 - which Lease, as whom, and how patiently
        self,
        namespace: str,
        name: str,
        identity: str,
        timing: LeaseTiming,
        *,
        wall_clock: Callable[[], float],
        on_change: Callable[[bool], None],
        on_failure: Callable[[LinkError], None],
        kubeconfig: Path | None = None,
    ) -> None:
        """Connect to nothing yet.

        ``on_change`` hears whether this one leads, each time that changes; ``on_failure`` why attempts come to nothing,
        each time that is another reason than before.
        """
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"
        self._retry_period = timing.retry_period
        self._candidate = Candidate(name, identity, timing)
        self._api = KubeApi(kubeconfig, timeout=timing.retry_period * REQUEST_SHARE)
        self._wall_clock = wall_clock
        self._on_change = on_change
        self._on_failure = on_failure
        self._told = False
        self._deadline: asyncio.TimerHandle | None = None
        self._known = False
        self._claimed = False
        self.failure: LinkError | None = None

    @property
    def leading(self) -> bool:
        """Whether this one leads at this very moment."""
        return self._candidate.leads(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Compete until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._retry_period
            await self._attempt()
            await asyncio.sleep(due - loop.time())

    async def release(self) -> None:
        """Lead no more, and let another one lead at once; to be called when ``run`` has ended. Hangs up."""
        self._candidate.lost()
        self._known = self._told = False
        if self._deadline is not None:
            self._deadline.cancel()
        try:
            # what cannot be given back ends by itself, after its duration
            with suppress(LinkError):
                await self._surrender()
        finally:
            await self._api.close()

    async def _surrender(self) -> None:
        if self._claimed:
            await self._look()
            document = self._candidate.surrender(self._wall_clock())
            if document is not None:
                await self._api.replace(self._path, document)

    async def _attempt(self) -> None:
        try:
            # what we wrote ourselves is what there is, until a write is refused or its fate unknown
            if not self._known:
                await self._look()
            self._known = False
            await self._claim()
            self.failure = None
        except LinkError as error:
            before, self.failure = self.failure, error
            if before is None or before.reason is not error.reason:
                self._on_failure(error)
            if isinstance(error, StatusError) and error.status in _LOST:
                self._candidate.lost()
            else:
                # a new client reads token and certificates anew
                await self._api.close()
        self._tell()

    async def _look(self) -> None:
        try:
            document = await self._api.get(self._path)
        except LinkError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            document = None
        self._candidate.saw(document, asyncio.get_running_loop().time())

    async def _claim(self) -> None:
        began = asyncio.get_running_loop().time()
        document = self._candidate.claim(began, self._wall_clock())
        if document is None:
            return
        self._claimed = True
        if "resourceVersion" in document["metadata"]:
            written = await self._api.replace(self._path, document)
        else:
            written = await self._api.create(self._collection, document)
        self._candidate.wrote(written, began)
        self._known = True

    def _tell(self) -> None:
        """Say so where leading has begun or ended, and look again when it would end."""
        leading = self.leading
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if leading:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_at(self._candidate.leads_until, self._tell)
        if leading is not self._told:
            self._told = leading
            self._on_change(leading)
