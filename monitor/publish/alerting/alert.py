"""One alert as a person is told it, and as Prometheus reads it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote
from typing import Any

from monitor.core.runbook import Remedy, filled, host
from monitor.core.verdicts import Hop
from monitor.publish.alerting.thresholds import Thresholds, spoken, written
from monitor.publish.external_url import ExternalUrl

Rule = dict[str, Any]

# The commands are the runbook's, and so is the address, where a configuration names no edge.
_EDGE = "10.0.20.1"


class Severity(StrEnum):
    """Who is told: somebody is woken, somebody reads it in the day, nobody (it stands on the alerts page)."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule; several may share a name, and differ in severity.

    ``summary`` and ``what`` say what broke, ``listed`` (a template) where, ``mail`` what that means for mail,
    ``commands`` what to run, with ``{address}`` for the edge's. ``wait`` is ``for:`` in seconds. ``path`` is given
    where the expression has no label of that name.
    """

    name: str
    severity: Severity
    hop: Hop
    expression: str
    wait: float
    summary: str
    what: str
    mail: str
    commands: tuple[Remedy, ...]
    listed: str = ""
    path: str = ""

    def rule(self, thresholds: Thresholds) -> Rule:
        """Give it as a rule file holds it."""
        edge, host_of_edge = _address(thresholds, str), _address(thresholds, host)
        commands = [filled(each.command, edge, host_of_edge) for each in self.commands if each.command is not None]
        stood = f" It has been so for {spoken(self.wait)} or longer." if self.wait else ""
        labels = {"severity": str(self.severity), "hop": str(self.hop)} | ({"path": self.path} if self.path else {})
        rule: Rule = {"alert": self.name, "expr": self.expression}
        if self.wait:
            rule["for"] = written(self.wait)
        return rule | {
            "keep_firing_for": written(thresholds.restart),
            "labels": {**thresholds.labels, **labels},
            "annotations": {
                "summary": self.summary,
                "description": f"{self.what}{self.listed}{stood} {self.mail} Run: {commands[0]}",
                "command": "\n".join(commands),
                "runbook_url": f"{thresholds.runbook_url}/{self.name}.md",
                **self._link(thresholds.external_url),
            },
        }

    def _link(self, url: ExternalUrl | None) -> dict[str, str]:
        if url is None:
            return {}
        return {"status_url": str(url) if self.path else url.of_path("{{ $labels.path }}")}


def rules_of(alerts: Iterable[Alert], thresholds: Thresholds) -> list[Rule]:
    """Give several as a rule file holds them."""
    return [alert.rule(thresholds) for alert in alerts]


def _address(thresholds: Thresholds, written: Callable[[str], str]) -> str:
    """Give the edge's address, as a template that looks at the alert's path where paths have different ones."""
    first, *others = dict.fromkeys(thresholds.edges.values()) or (_EDGE,)
    address = quote(written(first))
    for path, other in thresholds.edges.items():
        if other in others:
            address = (
                f'{{{{ if eq $labels.path "{path}" }}}}{quote(written(other))}{{{{ else }}}}{address}{{{{ end }}}}'
            )
    return address
