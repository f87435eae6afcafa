"""One target in full: its verdict and what it means, the proof of the client IP, its last rounds and transcripts."""

from collections.abc import Iterator
from datetime import UTC, datetime

from monitor.core.observations import Observation
from monitor.core.runbook import about
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.verdicts import Verdict
from monitor.publish.charts import latency_chart, latency_words
from monitor.publish.markup import Markup, tag, together
from monitor.publish.meanings import VERDICTS
from monitor.publish.picture import level_of
from monitor.publish.rounds import TargetRounds
from monitor.publish.transcript import transcript_text
from monitor.publish.words import badge, card, duration, moment, prose, remedy


def target_view(path: PathStatus, status: TargetStatus, seen: TargetRounds) -> Markup:
    """Give everything that is known and remembered of a target."""
    target = status.target
    heading = tag("h2", f"{target.node} {target.service}")
    about = tag(
        "p", f"{target.probe.replace('_', ' ')} at {status.address}:{status.port}, path {target.path}", class_="about"
    )
    return tag(
        "article",
        tag("div", heading, badge(level_of(status.verdict), status.verdict), class_="heading"),
        about,
        _meaning(path, status),
        card("What is known", tag("dl", *(part for row in _facts(status, path.at) for part in row))),
        _latency(seen),
        _transcripts(status.last, seen),
        class_="target",
    )


def _meaning(path: PathStatus, status: TargetStatus) -> Markup:
    advice = VERDICTS[status.verdict]
    if status.verdict is Verdict.OK:
        return tag("p", prose(advice.meaning))
    edge = path.edges[0].address if path.edges else None
    services = [each for each in path.services if each.name == status.target.service]
    commands = [remedy(about(each, edge, service)) for service in services for each in advice.commands]
    return together(tag("p", prose(advice.meaning)), tag("p", prose(advice.remedy)), *commands)


def _facts(status: TargetStatus, now: float) -> Iterator[tuple[Markup, Markup]]:
    if status.since is not None:
        yield _fact("Verdict", f"{status.verdict} for {duration(max(0.0, now - status.since))}")
    if status.last_success is not None:
        yield _fact("Last success", moment(status.last_success))
    if status.agreement is not None:
        yield _fact("HAProxy", status.agreement)
    for proof in status.proofs:
        yield _fact("Client IP", proof.words)
    tls = status.last.tls if status.last is not None else None
    if tls is not None:
        yield _fact("TLS", f"{tls.version} {tls.cipher}")
        if tls.not_after is not None:
            end = datetime.fromtimestamp(tls.not_after, UTC)
            yield _fact("Certificate", f"until {end:%Y-%m-%d} ({duration(max(0.0, tls.not_after - now))})")


def _fact(name: str, text: str) -> tuple[Markup, Markup]:
    return tag("dt", name), tag("dd", text)


def _latency(seen: TargetRounds) -> Markup:
    if not seen.rounds:
        return Markup()
    first, last = seen.rounds[0], seen.rounds[-1]
    span = tag("p", moment(first.at), " to ", moment(last.at), class_="faint")
    return card("Latency", latency_chart(seen.rounds), tag("p", latency_words(seen.rounds), "."), span)


def _transcripts(last: Observation | None, seen: TargetRounds) -> Markup:
    parts = []
    if last is not None:
        parts.append(_transcript("The last round", last, open_=True))
    parts += [_transcript("Failed", each) for each in seen.failed if each is not last]
    return card("Transcripts", *(parts or [tag("p", "No round has ended yet.")]))


def _transcript(title: str, observation: Observation, *, open_: bool = False) -> Markup:
    verdict = observation.judgement.verdict
    summary = tag("summary", f"{title}, ", moment(observation.at), ": ", badge(level_of(verdict), verdict))
    text = tag("pre", transcript_text(observation))
    return tag("details", summary, text, open="") if open_ else tag("details", summary, text)
