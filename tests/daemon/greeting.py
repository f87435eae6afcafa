"""A kind of probe that no production code knows: on each node one greeting that fails, or one for the path."""

from collections.abc import Iterator

from monitor.config.settings import PathSettings
from monitor.core.conversation import Failure
from monitor.core.kinds import ProbeKind
from monitor.core.model import Target
from monitor.core.observations import Judgement, Observation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Measure, TargetPlan

KIND = ProbeKind("greeting")
WRONG = Judgement(Verdict.PROTOCOL_ERROR, Failure(Phase.GREETING, Reason.UNEXPECTED_REPLY, "NO"))


class Greeting:
    """Hears "NO" whomever it asks."""

    def __init__(self, target: Target) -> None:
        """Take the target, which is all there is to it."""
        self.target = self.settings = target

    async def run(self, _ask: Ask = NOTHING, /) -> str:
        """Hear it."""
        return "NO"

    def judge(self, answer: str, span: Span, /) -> Observation:
        """Only "OK" is right."""
        judgement = Judgement(Verdict.OK) if answer == "OK" else WRONG
        return Observation(self.target, *span, judgement, answered=True)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each node's smtp."""
    for node in path.known_nodes:
        yield _watch(Target(path.name, KIND, node.name, "smtp"), links)


def watches_alone(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for the path, without node and service: under its own name."""
    yield _watch(Target(path.name, KIND, KIND, ""), links)


def _watch(target: Target, links: Links) -> Watch:
    measure = Measure(interval=0.2, timeout=5.0, rise=1, fall=1)
    return Watch(Greeting(target), links.connector, measure, 0.2, TargetPlan(target, "192.0.2.9", 4190, measure))
