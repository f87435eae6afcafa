"""A look at an edge's host, sound or not, for what publishers make of it."""

from dataclasses import replace

from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation, Frontend, Redirect, RedirectState
from monitor.core.status import EdgeStatus, PathStatus
from monitor.core.taxonomy import Phase, Reason
from tests.publish.statuses import AT, path_status

DENIED = Failure(Phase.COMMAND, Reason.PERMISSION_DENIED, "pfctl: /dev/pf: Permission denied")


def look(*, bound: bool = True, state: RedirectState = RedirectState.OK) -> EdgeObservation:
    """Give a look at the ports 25 and 465, of which 465 is as is said here."""
    wrong = () if state in {RedirectState.OK, RedirectState.MISSING} else ("<mailserver>",)
    return EdgeObservation(
        path="home",
        edge="pfsense",
        started=10.0,
        finished=10.5,
        at=AT,
        ssh_ok=True,
        frontends={25: Frontend(25, (77,)), 465: Frontend(465, (77,) if bound else (), () if bound else ("nginx",))},
        redirects={
            25: Redirect(25, RedirectState.OK, rules=("rdr …",), passed=True),
            465: Redirect(465, state, wrong, ("rdr …",), passed=None),
        },
    )


def blind() -> EdgeObservation:
    """Give a look that saw nothing, for want of privileges."""
    return replace(look(), frontends=None, redirects=None, failures={"nat": DENIED})


def with_host(host: EdgeObservation | None, **changes: object) -> PathStatus:
    """Give the path ``home`` with this look at its edge."""
    path = path_status()
    edge: EdgeStatus = replace(path.edges[0], host=host, looked_at=True, **changes)  # type: ignore[arg-type]
    return replace(path, edges=(edge,))
