"""State sets as numbers: one series for each target, whose value names the state that is active.

A panel that draws states over time wants one line a target, and a state set has one for each state. A number is an
index into the lists below. They begin with what is least to be believed: of two replicas ``max`` takes the one that
knows, and of two that know the one that sees trouble.
"""

from collections.abc import Sequence
from enum import StrEnum

from dashboards.queries import PATH
from monitor.core.haproxy import ServerState
from monitor.core.verdicts import Agreement, Hop, Verdict
from monitor.publish import catalogue
from monitor.publish.alerting.promql import select
from monitor.publish.families import Family


def _worst_last(states: type[StrEnum], unknown: StrEnum) -> tuple[str, ...]:
    return (unknown, *(state for state in reversed(list(states)) if state is not unknown))


VERDICTS = _worst_last(Verdict, Verdict.UNKNOWN)
AGREEMENTS = _worst_last(Agreement, Agreement.UNKNOWN)
HOPS = _worst_last(Hop, Hop.NONE)
SERVERS = tuple(ServerState)


def active_state(family: Family, states: Sequence[str]) -> str:
    """Write the number of a state set's active state on the chosen path.

    It is by all labels of the metric but the state's own, which is the last. Of the series that are 1 each has another
    state, so that ``or`` puts them together.
    """
    *target, state = family.labels
    numbered = "\n  or ".join(
        f"({select(family, **{'path': PATH, state: name})} == 1) * {number}" for number, name in enumerate(states)
    )
    return f"max by ({', '.join(target)}) (\n  {numbered}\n)"


NODE_VERDICTS = active_state(catalogue.VERDICT, VERDICTS)
DOOR_VERDICTS = active_state(catalogue.FRONT_DOOR_VERDICT, VERDICTS)
AGREEMENT = active_state(catalogue.LB_AGREEMENT, AGREEMENTS)
DIAGNOSIS = active_state(catalogue.DIAGNOSIS, HOPS)
SERVER_STATES = active_state(catalogue.HAPROXY_SERVER_STATE, SERVERS)
