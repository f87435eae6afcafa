"""How fast the daemon probes in a test, and after how long it must be certain of a fault."""

from dataclasses import dataclass
from typing import Any

import yaml

from tests.lab.lab import Lab


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals and timeouts in seconds; what is not said here is as shipped."""

    check: float = 1
    dialogue: float = 2
    fast: float = 1
    timeout: float = 2
    edge: float = 1

    @property
    def certain_after(self) -> float:
        """``fall`` x max(interval, timeout) + timeout of the slowest probe, at the shipped ``fall``."""
        checks = 3 * self.check + self.check
        dialogues = 2 * max(self.dialogue, self.timeout) + self.timeout
        return max(checks, dialogues)

    def configuration(self, lab: Lab, **path: object) -> str:
        """Write mailpath.yml for this laboratory at this pace; ``path`` has the last word."""
        dialogues = {"interval": self.dialogue, "fast_interval": self.fast, "timeout": self.timeout}
        settings: dict[str, Any] = {
            "checks": _seconds({"interval": self.check, "timeout": self.check}),
            "handshakes": _seconds(dialogues) | {"client_rate_limit": None},
            "front_door": _seconds(dialogues),
        }
        document = yaml.safe_load(lab.configuration(**settings))
        (watched,) = document["paths"]
        (edge,) = watched["edges"]
        edge |= _seconds({"interval": self.edge})
        edge["ssh"] |= _seconds({"timeout": self.timeout})
        for key, value in path.items():
            watched[key] = watched[key] | value if isinstance(value, dict) and key in settings else value
        return yaml.safe_dump(document, sort_keys=False)


QUICK = Pace()
"""A silence is certain within seconds; postscreen must know us already, for its greet wait is longer than that."""
PATIENT = Pace(timeout=8)
"""Long enough for postscreen's greet wait and for the five seconds that Postfix waits for a PROXY header."""


def _seconds(values: dict[str, float]) -> dict[str, str]:
    return {key: f"{round(1000 * value)}ms" for key, value in values.items()}
