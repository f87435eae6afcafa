"""Which replica leads one path: by a Lease where one is configured, else every one does."""

from collections.abc import Callable
from pathlib import Path

import structlog

from monitor.config.settings import PathSettings
from monitor.config.sources import KubernetesSettings, LeaseSettings
from monitor.core.errors import LinkError
from monitor.daemon.shared import Shared
from monitor.engine.tasks import Tasks
from monitor.links.kube_candidate import LeaseTiming
from monitor.links.kube_lease import LeaseElector, new_identity


class LeaseWatch:
    """Runs the election of a path."""

    def __init__(self, shared: Shared, on_change: Callable[[], None]) -> None:
        """Elect nobody yet; ``on_change`` is told when leading begins or ends between two configurations."""
        self._shared = shared
        self._on_change = on_change
        self._tasks = Tasks(shared.on_bug)
        self._elector: LeaseElector | None = None
        self._wanted: tuple[KubernetesSettings, LeaseSettings] | None = None

    @property
    def elected(self) -> bool | None:
        """Whether this replica has been elected; ``None``: there is no election."""
        return None if self._elector is None else self._elector.leading

    @property
    def leading(self) -> bool:
        """Whether this replica does what only one may do."""
        return self.elected is not False

    async def configure(self, path: PathSettings) -> None:
        """Elect by these settings; an election that did not change goes on."""
        cluster = path.kubernetes
        lease = cluster.lease if cluster is not None else None
        wanted = None if cluster is None or lease is None else (cluster, lease)
        if _of(wanted) == _of(self._wanted):
            return
        await self.stop()
        self._wanted = wanted
        if wanted is not None:
            self._elector = self._make(path.name, *wanted)
            self._tasks.keep(f"{path.name}/lease", self._elector.run)

    async def stop(self) -> None:
        """Let another replica lead at once, if this one did."""
        await self._tasks.cancel()
        if self._elector is not None:
            await self._elector.release()
        self._elector = self._wanted = None

    def _make(self, path: str, cluster: KubernetesSettings, lease: LeaseSettings) -> LeaseElector:
        identity = new_identity()
        log = structlog.get_logger().bind(path=path, lease=f"{cluster.namespace}/{lease.name}", identity=identity)

        def changed(leading: bool) -> None:  # noqa: FBT001 - what the elector tells
            log.info("lease.leading" if leading else "lease.lost")
            self._on_change()

        def failed(error: LinkError) -> None:
            log.warning("lease.failed", reason=error.reason, detail=error.detail)

        return LeaseElector(
            cluster.namespace,
            lease.name,
            identity,
            LeaseTiming(lease.duration, lease.renew_deadline, lease.retry_period),
            wall_clock=self._shared.wall_clock,
            on_change=changed,
            on_failure=failed,
            kubeconfig=Path(cluster.kubeconfig) if cluster.kubeconfig else None,
        )


def _of(wanted: tuple[KubernetesSettings, LeaseSettings] | None) -> object:
    """What decides how the election is held."""
    return None if wanted is None else (wanted[0].kubeconfig, wanted[0].namespace, wanted[1])
