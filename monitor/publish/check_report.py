"""What ``mailpath check`` prints: the path as a picture, a table of findings, the diagnosis, the next command.

A pure function of the paths' statuses. The exit status is that of monitoring plugins (Nagios, Icinga), and the first
line says the same in words.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from monitor.core.errors import Fault
from monitor.core.status import ClusterStatus, Finding, PathStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.publish.api import document
from monitor.publish.picture import HopPicture, Level, picture

MIN_WIDTH, MAX_WIDTH = 60, 160
_TITLE = 11
_PASS, _FAIL = "pass", "fail"
_SEVERITIES = ("critical", "warning", "info")
_MARKS = {Level.OK: "●", Level.WARN: "▲", Level.BAD: "✕", Level.UNKNOWN: "?"}
_ASCII_MARKS = {Level.OK: "+", Level.WARN: "!", Level.BAD: "X", Level.UNKNOWN: "?"}
# ECMA-48, SGR: green, yellow, red, cyan
_COLOURS = {Level.OK: "32", Level.WARN: "33", Level.BAD: "31;1", Level.UNKNOWN: "36"}
_FINE = frozenset({Verdict.OK, Verdict.SLOW})


class ExitStatus(IntEnum):
    """The exit status of a plugin, by the plugin convention."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_LEVELS = {
    ExitStatus.OK: Level.OK,
    ExitStatus.WARNING: Level.WARN,
    ExitStatus.UNKNOWN: Level.UNKNOWN,
    ExitStatus.CRITICAL: Level.BAD,
}
_SEVERITY_LEVELS = {"critical": Level.BAD, "warning": Level.WARN}


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's terminal can do: colours, characters beyond ASCII, and its columns."""

    colour: bool = False
    unicode: bool = True
    width: int = 100


def exit_status(statuses: Iterable[PathStatus]) -> ExitStatus:
    """Give the worst of the paths; of none, unknown. What is known to be bad outranks what is not known."""
    order = tuple(_LEVELS)
    return max(map(_of_path, statuses), key=order.index, default=ExitStatus.UNKNOWN)


def as_json(statuses: Sequence[PathStatus]) -> str:
    """Give the document of ``/api/v1/status`` with the exit status beside it."""
    return _written(document(statuses) | {"exit_status": int(exit_status(statuses))})


def refusal_as_json(faults: Iterable[Fault]) -> str:
    """Give the same document for a configuration that cannot be checked: no path, and its faults, in words."""
    return _written(document(()) | {"exit_status": int(ExitStatus.UNKNOWN), "faults": [str(each) for each in faults]})


def as_text(statuses: Sequence[PathStatus], style: Style) -> str:
    """Give the whole report, a part for each path."""
    pen = _Pen(style)
    return "\n".join("".join(f"{line}\n" for line in _path(status, pen)) for status in statuses)


def _written(whole: Mapping[str, object]) -> str:
    return f"{json.dumps(whole, indent=2, ensure_ascii=True)}\n"


def _of_path(path: PathStatus) -> ExitStatus:
    verdicts = {status.verdict for status in path.targets}
    failing = bool(verdicts - _FINE - {Verdict.UNKNOWN})
    severities = {finding.severity for finding in path.findings}
    if (failing and path.health.status == _FAIL) or "critical" in severities:
        return ExitStatus.CRITICAL
    if not verdicts or Verdict.UNKNOWN in verdicts:
        return ExitStatus.UNKNOWN
    if "warning" in severities or path.health.status != _PASS:
        return ExitStatus.WARNING
    return ExitStatus.OK


class _Pen:
    """Writes for one terminal. Whatever a peer has said loses its control characters here."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self.width = min(max(style.width, MIN_WIDTH), MAX_WIDTH)
        self.down = "│" if style.unicode else "|"

    def plain(self, text: str) -> str:
        printable = "".join(each if each.isprintable() else "?" for each in text)
        return printable if self._style.unicode else printable.encode("ascii", "replace").decode()

    def paint(self, level: Level, text: str) -> str:
        return f"\x1b[{_COLOURS[level]}m{text}\x1b[0m" if self._style.colour else text

    def mark(self, level: Level) -> str:
        return self.paint(level, (_MARKS if self._style.unicode else _ASCII_MARKS)[level])

    def wrapped(self, text: str, indent: str, first: str | None = None) -> list[str]:
        return textwrap.wrap(
            self.plain(text),
            self.width,
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _path(path: PathStatus, pen: _Pen) -> Iterator[str]:
    status = _of_path(path)
    word = pen.paint(_LEVELS[status], status.name)
    yield f"{word}: {pen.plain(f'{path.name}: {_headline(path)}')}"
    yield ""
    yield from _picture(path, pen)
    yield from _findings(path.findings, pen)
    yield from _diagnosis(path, pen)


def _headline(path: PathStatus) -> str:
    """Name the worst: what is broken, else the gravest finding, else what is behind the health."""
    diagnosis = path.diagnosis
    if diagnosis.hop is not Hop.NONE:
        return f"{diagnosis.hop}: {diagnosis.summary}"
    grave = [finding for finding in _sorted(path.findings) if finding.severity != _SEVERITIES[-1]]
    if grave:
        return f"{grave[0].subject}: {grave[0].kind}: {grave[0].message}"
    worrying = [check for check in path.health.checks if check.status != _PASS]
    return f"{worrying[0].name}: {worrying[0].output}" if worrying else diagnosis.summary


def _picture(path: PathStatus, pen: _Pen) -> Iterator[str]:
    yield "  client"
    for hop in picture(path):
        yield f"  {pen.down}"
        yield from _hop(hop, pen)
    yield ""
    for level, title, words in _facts(path):
        yield f"  {pen.mark(level)} {title:{_TITLE}}{pen.plain(words)}"


def _hop(hop: HopPicture, pen: _Pen) -> Iterator[str]:
    line, length = f"  {pen.mark(hop.level)} {hop.title:{_TITLE}}", _TITLE + 4
    for member in hop.members:
        words = pen.plain(member.name if member.level is Level.OK else f"{member.name} ({member.detail})")
        if length > _TITLE + 4 and length + len(words) + 4 > pen.width:
            yield line.rstrip()
            line, length = " " * (_TITLE + 4), _TITLE + 4
        line, length = f"{line}{pen.mark(member.level)} {words}  ", length + len(words) + 4
    yield line.rstrip()


def _facts(path: PathStatus) -> Iterator[tuple[Level, str, str]]:
    """Give what lies beside the path: the sources of the log and of the cluster."""
    if path.maillog is not None:
        log = path.maillog
        level = Level.UNKNOWN if log.up is None else Level.OK if log.up else Level.BAD
        yield level, "Mail log", f"{log.source}{f', {log.reason}' if log.reason else ''}"
    if path.cluster is not None:
        cluster = path.cluster
        level = Level.UNKNOWN if cluster.up is None else Level.OK if cluster.up else Level.WARN
        yield level, "Kubernetes", cluster.reason or f"the API answers{_out_of_reach(cluster)}"


def _out_of_reach(cluster: ClusterStatus) -> str:
    """Offer to look inside, where a pod runs and its address gives no answer: mostly one looks from a laptop."""
    known = cluster.current
    if known is None or known.listeners or not any(pod.phase == "Running" for pod in known.mail_pods):
        return ""
    return "; its ports are not seen from here: --listeners exec looks inside the pod"


def _findings(findings: Sequence[Finding], pen: _Pen) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "Findings"
    for finding in _sorted(findings):
        level = _SEVERITY_LEVELS.get(finding.severity)
        mark, what = pen.mark(level) if level else "-", pen.plain(f"{finding.subject}: {finding.kind}")
        yield f"  {mark} {finding.severity:9}{what}"
        yield from pen.wrapped(finding.message, " " * 13)
        if finding.remedy is not None and finding.severity != _SEVERITIES[-1]:
            if finding.remedy.command is None:
                yield from pen.wrapped(finding.remedy.words, " " * 13)
            else:
                yield f"{' ' * 13}$ {pen.plain(finding.remedy.command)}"


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))


def _diagnosis(path: PathStatus, pen: _Pen) -> Iterator[str]:
    diagnosis = path.diagnosis
    yield ""
    level = Level.OK if diagnosis.hop is Hop.NONE else Level.BAD
    yield f"Diagnosis: {pen.paint(level, diagnosis.hop)}"
    yield from pen.wrapped(diagnosis.summary, "  ")
    for title, lines in (("because", diagnosis.evidence), ("effects", diagnosis.effects), ("also", diagnosis.others)):
        for line in lines:
            yield from pen.wrapped(line, " " * 11, f"  {title:9}")
    if diagnosis.remedy is not None:
        # whole, to be copied
        yield f"Next: {pen.plain(str(diagnosis.remedy))}"
