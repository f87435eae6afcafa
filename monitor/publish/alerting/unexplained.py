"""The alert on failures that no rule of the diagnosis explains, whichever hop the diagnosis shows."""

from collections.abc import Iterable, Iterator

from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting import lists
from monitor.publish.alerting.alert import Alert, Severity
from monitor.publish.alerting.promql import aggregate
from monitor.publish.alerting.thresholds import ANY_PATH, Thresholds
from monitor.publish.meanings import HOPS

_FAILING = f"{aggregate('max', catalogue.UNEXPLAINED_TARGETS, ('path',))} > 0"
_ON_A_NODE = f"{aggregate('max', catalogue.HANDSHAKE_UP, ('path', 'service'))} == 1"


def unexplained_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """The alert: critical while a required service works nowhere, a warning otherwise."""
    required = {path: services for path, services in thresholds.required.items() if services}
    nowhere = "\n  or ".join(_works_nowhere(path, services) for path, services in required.items())
    if nowhere:
        yield _alert(
            Severity.CRITICAL,
            f"{_FAILING}\nand on (path)\n(\n  {nowhere}\n)",
            thresholds.settle,
            "A required service works nowhere, neither on a node nor through the front door. Senders retry for days; "
            "people can neither send nor read.",
        )
    spared = f"\nunless on (path)\n(\n  {nowhere}\n)" if nowhere else ""
    yield _alert(
        Severity.WARNING,
        f"{_FAILING}{spared}",
        thresholds.settle,
        "Every required service still works somewhere. Look before that changes.",
    )


def _works_nowhere(path: str, services: Iterable[str]) -> str:
    """The required services that neither the front door nor any node serves; ``path`` may be any."""
    # A service's name may hold a dot, and PromQL's regular expressions are anchored.
    names = "|".join(service.replace(".", "[.]") for service in services)
    of_path = "" if path == ANY_PATH else f'path="{path}",'
    return f'{lists.SERVED}{{{of_path}service=~"{names}"}} == 0 unless on (path, service) ({_ON_A_NODE})'


def _alert(severity: Severity, expression: str, wait: float, mail: str) -> Alert:
    critical = severity is Severity.CRITICAL
    return Alert(
        name="MailpathUnexplained",
        severity=severity,
        hop=Hop.UNEXPLAINED,
        expression=expression,
        wait=wait,
        summary="Mail path {{ $labels.path }}: something fails for no known cause"
        + (", and users are shut out" if critical else ""),
        what="Checks, handshakes or front doors fail, and no rule of the diagnosis explains them.",
        mail=mail,
        commands=HOPS[Hop.UNEXPLAINED].commands,
        listed=lists.TARGETS + lists.CHECKS + lists.DOORS + lists.FINDINGS + (lists.USERS if critical else ""),
    )
