"""How much longer a wait may last on a busy machine: what is waited for is allowed it, what is asserted is not."""

import os

MOST = 4.0
"""The longest that a wait is stretched to: what is not there then is not late but missing."""


def stretched(seconds: float) -> float:
    """Give a time for a quiet machine as this one needs it now: longer by its load for each processor.

    The load average of the last minute counts who wants to run (getloadavg(3)); one for each processor is no load.
    """
    load = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return seconds * min(max(load, 1.0), MOST)
