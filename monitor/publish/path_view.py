"""One path at one look: the diagnosis, the picture with its last day, the matrix, and what happened last."""

from collections.abc import Iterator, Sequence

from monitor.core.maintenance import NO_REASON, Maintenance
from monitor.core.proof import ProofResult
from monitor.core.status import Diagnosis, Finding, PathStatus
from monitor.core.verdicts import Hop
from monitor.publish.charts import day_strip
from monitor.publish.edge_view import edge_view, watched_view
from monitor.publish.event_memory import Event
from monitor.publish.event_words import level_of_event, words_of_event
from monitor.publish.history import Day, PathHistory
from monitor.publish.journal import View
from monitor.publish.markup import Markup, tag, together
from monitor.publish.matrix_view import matrix, proof_of
from monitor.publish.meanings import HOPS
from monitor.publish.picture import HopPicture, Level, level_of_diagnosis, picture
from monitor.publish.words import LEVEL_WORDS, badge, breakable, card, duration, listing, mark, moment, prose, remedy

_HEALTH = {"pass": Level.OK, "warn": Level.WARN, "fail": Level.BAD}
_SEVERITIES = {"critical": Level.BAD, "warning": Level.WARN, "info": Level.UNKNOWN}


def path_view(path: PathStatus, view: View, *, several: bool = False) -> Markup:
    """Give a path's part of the page; of several paths each shows its own events only."""
    history = view.histories.get(path.name, PathHistory({}, path.at))
    events = [each for each in view.events if not several or each.fields.get("path", path.name) == path.name]
    health = badge(_HEALTH[path.health.status], f"health: {path.health.status}")
    heading = tag("h2", path.name)
    return tag(
        "article",
        tag("div", heading, health, tag("p", "as of ", moment(path.at), class_="as-of"), class_="heading"),
        _maintenance(path.maintenance, path.at),
        _diagnosis(path, max(0.0, path.at - history.diagnosed_since)),
        _picture(path, history),
        tag(
            "div",
            tag("div", matrix(path), *(edge_view(edge, path) for edge in path.edges), class_="column"),
            tag("div", _findings(path.findings), _events(events), watched_view(path), class_="column"),
            class_="columns",
        ),
        id=f"path-{path.name}",
        class_="path",
    )


def _maintenance(work: Maintenance | None, at: float) -> Markup:
    if work is None:
        return Markup()
    until = together(" until ", moment(work.until), f", another {duration(work.until - at)}: ")
    said = tag("p", tag("strong", "Maintenance"), until, work.reason or NO_REASON)
    expected = tag("p", "What is broken meanwhile is expected, and wakes nobody.", class_="faint")
    return tag("section", said, expected, class_="maintenance", aria_label="Maintenance")


def _diagnosis(path: PathStatus, stands: float) -> Markup:
    diagnosis = path.diagnosis
    level = level_of_diagnosis(path)
    said = tag("p", mark(level), tag("strong", prose(diagnosis.summary)), class_="summary", role="status")
    if diagnosis.hop is Hop.NONE:
        content = [tag("p", f"for {duration(stands)}", *(f" · {each}" for each in _counts(path)), class_="about")]
    else:
        lasting = tag("span", f"for {duration(stands)}", class_="whole")
        about = tag("p", "the cause lies in: ", tag("b", diagnosis.hop), " · ", lasting, class_="about")
        # What to do stands first: on a phone the evidence is below the fold.
        content = [about, tag("div", _remedy(diagnosis), *_reasons(diagnosis), class_="reasons")]
    return tag("section", said, *content, class_=f"diagnosis {level}", aria_label="Diagnosis")


def _counts(path: PathStatus) -> Iterator[str]:
    for name, statuses in (("front doors", path.front_doors), ("handshakes", path.handshakes)):
        if statuses:
            yield f"{sum(each.verdict.up for each in statuses)} of {len(statuses)} {name} complete"
    proofs = [proof for proof in map(proof_of, path.dialogues) if proof is not None]
    if proofs:
        yield f"client IP proven by {proofs.count(ProofResult.PROVEN)} of them"


def _reasons(diagnosis: Diagnosis) -> list[Markup]:
    lists = (("Evidence", diagnosis.evidence), ("Its effects", diagnosis.effects), ("Also", diagnosis.others))
    told = [listing(title, items) for title, items in lists if items]
    return [tag("div", *told)] if told else []


def _remedy(diagnosis: Diagnosis) -> Markup:
    next_step = remedy(diagnosis.remedy) if diagnosis.remedy is not None else ""
    return tag("div", tag("h3", "Next"), tag("p", prose(HOPS[diagnosis.hop].remedy)), next_step)


def _picture(path: PathStatus, history: PathHistory) -> Markup:
    hops = [_hop(hop, history.days.get(hop.title, Day(path.at))) for hop in picture(path)]
    title = tag("h3", "The path, hop by hop, with the last 24 hours of each", class_="hidden")
    return tag("section", title, tag("ol", *hops, class_="picture"))


def _hop(hop: HopPicture, day: Day) -> Markup:
    members = [
        tag(
            "li",
            mark(member.level),
            tag("b", breakable(member.name)),
            " ",
            tag("small", breakable(member.detail)),
            class_=member.level,
        )
        for member in hop.members
    ]
    state = tag("span", LEVEL_WORDS[hop.level], class_=f"state {hop.level}")
    title = tag("h4", mark(hop.level), hop.title, " ", state)
    axis = tag("p", tag("span", "24 h ago"), tag("span", "now"), class_="axis", aria_hidden="true")
    return tag("li", title, tag("ul", *members), day_strip(hop.title, day), axis, class_=f"hop {hop.level}")


def _findings(findings: Sequence[Finding]) -> Markup:
    if not findings:
        return Markup()
    return card("Findings", tag("ul", *map(_finding, findings), class_="entries"))


def _finding(finding: Finding) -> Markup:
    said = together(badge(_SEVERITIES[finding.severity], finding.severity), " ", tag("b", breakable(finding.subject)))
    next_step = remedy(finding.remedy) if finding.remedy is not None else ""
    return tag("li", said, tag("p", prose(finding.message)), next_step)


def _events(events: Sequence[Event]) -> Markup:
    if not events:
        return card("Last events", tag("p", "Nothing has changed since mailpath started.", class_="faint"))
    entries = [
        tag("li", moment(each.at), mark(level_of_event(each)), tag("span", breakable(words_of_event(each))))
        for each in events
    ]
    return card("Last events", tag("ol", *entries, class_="events"))
