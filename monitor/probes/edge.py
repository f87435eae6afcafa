"""``edge``: what the edge's host shows beside HAProxy: its sockets, its redirects, HAProxy's configuration file.

Read-only commands, one after the other over the edge's one SSH connection; ``edge/mailpath-gate`` allows exactly these.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.config import sources
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation, Redirect
from monitor.core.errors import LinkError, WireError
from monitor.core.model import Target
from monitor.core.observations import Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.links.ssh import SshLink
from monitor.probes.haproxy import ssh_settings
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import EdgePlan, HostPlan, Measure
from monitor.wire import files, haproxy_cfg, pfctl_nat, pfctl_rules, sockets
from monitor.wire.files import newest_backup, parse_ls
from monitor.wire.haproxy_cfg import parse_configuration
from monitor.wire.pf_rule import PfRule
from monitor.wire.pfctl_nat import deciding, parse_nat, reaches, redirect
from monitor.wire.pfctl_rules import parse_rules, passes
from monitor.wire.sockets import frontends, parse_sockstat

T = TypeVar("T")

# More than an edge has WANs: so many times the filter is gone through for each port.
MAX_WAYS = 16

SOCKSTAT = "sockstat"
NAT = "nat"
RULES = "rules"
CONFIGURATION = "configuration"
STATS_SOCKET = "stats_socket"
BACKUP = "backup"

# What a command says of itself when it fails, by the words of FreeBSD's and Linux' tools.
_WORDS = (
    ("Permission denied", Reason.PERMISSION_DENIED),
    ("Operation not permitted", Reason.PERMISSION_DENIED),
    ("mailpath-gate: refused", Reason.PERMISSION_DENIED),
    ("No such file or directory", Reason.NOT_FOUND),
    ("not found", Reason.NOT_FOUND),
)

# What pfctl says that was given no argument.
_USAGE = "usage: pfctl"

Answers = Mapping[str, bytes | LinkError]


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """One edge: its path's and its own name, its address, what shall be there, and how long to wait (seconds).

    ``ports`` are the frontend ports, optional ones included; ``redirected`` those that NAT must lead here (none where
    this edge's traffic comes by another way). ``stats_socket`` is ``None`` for a HAProxy without one: then its
    configuration file is not the one that is known, and is not read. ``backup_command`` is the operator's own.
    """

    path: str
    edge: str
    address: str
    ports: Sequence[int]
    redirected: Sequence[int]
    stats_socket: str | None
    timeout: float
    backup_command: str | None = None


class Edge:
    """Reads one edge."""

    def __init__(self, settings: EdgeSettings, ssh: SshLink) -> None:
        """Take the settings and the SSH connection that all questions to this edge share."""
        self.settings = settings
        self.target = Target(settings.path, kinds.EDGE, settings.edge, "")
        self._ssh = ssh
        self._commands = commands(settings)

    async def run(self, _ask: Ask = NOTHING, /) -> Answers:
        """Ask everything once; failures are answers too, and one of the connection ends the round."""
        answers: dict[str, bytes | LinkError] = {}
        for name, command in self._commands.items():
            try:
                answers[name] = await self._ssh.run(command, timeout=self.settings.timeout)
            except LinkError as error:
                answers[name] = error
                if _of_the_connection(error):
                    break
        return answers

    def judge(self, answers: Answers, span: Span) -> EdgeObservation:
        """Read and judge the answers."""
        settings = self.settings
        answers = _first_words(answers)
        lost = [error for error in answers.values() if isinstance(error, LinkError) and _of_the_connection(error)]
        failures: dict[str, Failure] = {}
        sockets = _read(answers, SOCKSTAT, parse_sockstat, failures)
        nat = _read(answers, NAT, parse_nat, failures)
        rules = _read(answers, RULES, parse_rules, failures)
        return EdgeObservation(
            path=settings.path,
            edge=settings.edge,
            started=span.started,
            finished=span.finished,
            at=span.at,
            ssh_ok=not lost,
            frontends=None if sockets is None else frontends(sockets, settings.address, settings.ports),
            redirects=None if nat is None else self._redirects(nat, rules),
            configuration=_read(answers, CONFIGURATION, parse_configuration, failures),
            stats_socket=_read(answers, STATS_SOCKET, parse_ls, failures),
            backup=_read(answers, BACKUP, newest_backup, failures),
            failures=failures,
        )

    def _redirects(self, nat: Sequence[PfRule], rules: Sequence[PfRule] | None) -> Mapping[int, Redirect]:
        redirects = {}
        for port in self.settings.redirected:
            judged = redirect(nat, port, self.settings.address)
            passed = None if rules is None else self._passed(nat, rules, port)
            redirects[port] = replace(judged, passed=passed)
        return redirects

    def _passed(self, nat: Sequence[PfRule], rules: Sequence[PfRule], port: int) -> bool | None:
        """Say whether the filter lets all that is led here in; false where some is surely dropped."""
        address = self.settings.address
        # of a redirect, its way in alone decides what the filter does
        ways = {
            (rule.interfaces, rule.interface_negated, rule.passes): rule
            for rule in deciding(nat, port, address)
            if reaches(rule, port, address)
        }
        if len(ways) > MAX_WAYS:
            return None
        outcomes = {passes(rules, rule, address, port) for rule in ways.values()}
        return False if False in outcomes else None if None in outcomes or not outcomes else True


def commands(settings: EdgeSettings) -> Mapping[str, str]:
    """Give the command lines of a round by their names, for the edge's ``/bin/sh``."""
    given = {SOCKSTAT: sockets.SOCKSTAT}
    if settings.redirected:
        given |= {NAT: pfctl_nat.COMMAND, RULES: pfctl_rules.COMMAND}
    if settings.stats_socket is not None:
        given |= {CONFIGURATION: haproxy_cfg.COMMAND, STATS_SOCKET: files.ls_command(settings.stats_socket)}
    if settings.backup_command is not None:
        given[BACKUP] = settings.backup_command
    return given


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each edge that SSH leads to."""
    for edge in path.edges:
        ssh = ssh_settings(path, edge)
        if ssh is None:
            continue
        settings = EdgeSettings(
            path=path.name,
            edge=edge.name,
            address=edge.address,
            ports=tuple(dict.fromkeys((*edge.frontend_ports, *edge.optional_ports))),
            redirected=_redirected(edge),
            stats_socket=edge.stats_socket,
            timeout=ssh.timeout,
            backup_command=edge.backup.command if edge.backup is not None else None,
        )
        link = links.ssh(ssh)
        measure = Measure(edge.slow_interval, ssh.timeout * len(commands(settings)), 1, 1)
        yield Watch(Edge(settings, link), link, measure, min(edge.interval, edge.slow_interval))


def plan(path: PathSettings, edge: sources.EdgeSettings) -> EdgePlan:
    """What an edge is judged by, its HAProxy and its host."""
    ssh = ssh_settings(path, edge)
    if ssh is None:
        return EdgePlan(edge.name, edge.address, edge.interval, edge.interval, asks_haproxy=False)
    host = HostPlan(
        interval=edge.slow_interval,
        timeout=ssh.timeout,
        ports=frozenset(edge.frontend_ports),
        optional_ports=frozenset(edge.optional_ports) - frozenset(edge.frontend_ports),
        redirected=frozenset(_redirected(edge)),
        stats_socket=edge.stats_socket,
        backup_command=edge.backup.command if edge.backup is not None else "",
        backup_max_age=edge.backup.max_age if edge.backup is not None else 0.0,
    )
    asks_haproxy = edge.stats_socket is not None
    return EdgePlan(edge.name, edge.address, edge.interval, ssh.timeout, asks_haproxy=asks_haproxy, host=host)


def _redirected(edge: sources.EdgeSettings) -> tuple[int, ...]:
    """The ports that NAT must forward to an edge."""
    return edge.frontend_ports if edge.nat else ()


def _read(answers: Answers, name: str, parse: Callable[[bytes], T], failures: dict[str, Failure]) -> T | None:
    answer = answers.get(name)
    if answer is None:
        return None
    if isinstance(answer, LinkError):
        if _of_the_connection(answer):
            failures[name] = Failure(Phase.SSH, answer.reason, answer.detail)
        else:
            reason = next((reason for words, reason in _WORDS if words in answer.detail), answer.reason)
            failures[name] = Failure(Phase.COMMAND, reason, answer.detail)
        return None
    try:
        return parse(answer)
    except WireError as error:
        failures[name] = Failure(Phase.PARSE, error.reason, error.detail, error.data)
        return None


def _first_words(answers: Answers) -> Answers:
    """The answers, where a login shell that runs only the first word of a command is named in place of what it did.

    ``pfctl`` alone prints its usage, ``cat`` copies its empty input, ``ls`` lists a directory. ``sockstat`` alone shows
    connections beside what listens, and is as good.
    """
    nat, cat = answers.get(NAT), answers.get(CONFIGURATION)
    usage = isinstance(nat, LinkError) and _USAGE in nat.detail
    if not usage and (cat != b"" or not _lists(answers.get(STATS_SOCKET))):
        return answers
    lost = LinkError(Reason.ARGUMENTS_LOST, "the login shell ran the first word of the command alone")
    return {name: answer if name == SOCKSTAT else lost for name, answer in answers.items()}


def _lists(answer: bytes | LinkError | None) -> bool:
    """Whether ``ls -l`` of one socket has shown something else."""
    if answer is None or isinstance(answer, LinkError):
        return False
    try:
        parse_ls(answer)
    except WireError:
        return True
    return False


def _of_the_connection(error: LinkError) -> bool:
    return error.reason not in {Reason.ARGUMENTS_LOST, Reason.COMMAND_FAILED, Reason.TOO_LARGE}
