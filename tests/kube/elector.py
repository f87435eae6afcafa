"""A replica as a process of its own, which a test can freeze: says on its standard output when it leads.

``python -m tests.kube.elector KUBECONFIG IDENTITY``: a line is the monotonic time, which all processes of a host share,
and ``1`` or ``0``.
"""

import asyncio
import sys
from pathlib import Path

from monitor.links.clock import wall_clock
from monitor.links.kube_candidate import LeaseTiming
from monitor.links.kube_lease import LeaseElector

TIMING = LeaseTiming(duration=2.0, renew_deadline=1.2, retry_period=0.3)
GLANCE = 0.005


async def main(kubeconfig: Path, identity: str) -> None:
    """Compete, and look at the clock and at oneself, in this order and again and again."""
    loop = asyncio.get_running_loop()

    elector = LeaseElector(
        "mailserver",
        "mailpath",
        identity,
        TIMING,
        wall_clock=wall_clock,
        on_change=lambda _: None,
        on_failure=lambda _: None,
        kubeconfig=kubeconfig,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(elector.run())
        while True:
            before = loop.time()
            leading = elector.leading
            # Whoever was frozen between the two looks has seen nothing.
            if loop.time() - before < GLANCE:
                print(before, int(leading), flush=True)  # noqa: T201 - this is what it is for
            await asyncio.sleep(GLANCE)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
