"""The command line: flags as the Prometheus exporters have them, one function a command."""

import argparse
import gc
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from monitor import __revision__, __version__
from monitor.config.load import load, load_yaml_mapping
from monitor.config.options import DEFAULT_LISTEN_ADDRESS, RunOptions, shard_of_pod
from monitor.config.rbac import rbac_yaml
from monitor.config.schema import json_schema
from monitor.config.settings import PathSettings, Settings
from monitor.config.show import show
from monitor.config.values import parse_duration
from monitor.core.errors import ConfigError, Fault
from monitor.core.maintenance import LONGEST as LONGEST_MAINTENANCE
from monitor.core.roundtrip import Via
from monitor.publish.web_config import WebSettings, parse_web_config

# The exit code of a bad configuration and of a bad command line alike (argparse's own).
EXIT_USAGE = 2

# The same for `check`, where 2 says that the path is down: the convention of monitoring plugins.
EXIT_UNKNOWN = 3

_DEFAULT_FILE = "mailpath.yml"

# A user and password may stand in the URL: a variable keeps them off the command line.
_DAEMON_VARIABLE = "MAILPATH_DAEMON"
_DEFAULT_DAEMON = "http://127.0.0.1:9641"

# What a command needs beyond the configuration is imported when it runs: `config check` stays quick and small.


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code. ``argv`` is without the program's name (``None``: the process's own)."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except ConfigError as error:
        return _report(error)


def _report(error: ConfigError) -> int:
    count = len(error.faults)
    summary = f"mailpath: {count} {'fault' if count == 1 else 'faults'}"
    sys.stderr.writelines(f"{line}\n" for line in (*error.faults, summary))
    return EXIT_USAGE


def _run(arguments: argparse.Namespace) -> int:
    with _importing():
        from monitor import daemon  # noqa: PLC0415 - see above

    return daemon.run(partial(load, arguments.config_file, check_files=True), _run_options(arguments))


@contextmanager
def _importing() -> Iterator[None]:
    """Import what stays for as long as the process lives: not searched for garbage, now or ever; a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _demo(arguments: argparse.Namespace) -> int:
    from monitor import demo  # noqa: PLC0415 - see above

    return demo.main(arguments.fault, _run_options(arguments))


def _probe(arguments: argparse.Namespace) -> int:
    from monitor import daemon  # noqa: PLC0415 - see above

    settings = load(arguments.config_file, check_files=False)
    code, transcript = daemon.probe_once(_path(settings, arguments.path), arguments.node, arguments.service)
    sys.stdout.write(f"{transcript}\n")
    return code


def _check(arguments: argparse.Namespace) -> int:
    try:
        settings = load(arguments.config_file, check_files=True)
        paths = settings.paths if arguments.path is None else (_path(settings, arguments.path),)
        from monitor import daemon  # noqa: PLC0415 - see above
        from monitor.publish import check_report  # noqa: PLC0415 - see above

        statuses, bugs = daemon.check_once(paths, arguments.listeners)
    except ConfigError as error:
        _report(error)
        return EXIT_UNKNOWN
    style = check_report.Style(
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        unicode=(sys.stdout.encoding or "").lower().startswith("utf"),
        width=shutil.get_terminal_size().columns,
    )
    as_json = arguments.output == "json"
    sys.stdout.write(check_report.as_json(statuses) if as_json else check_report.as_text(statuses, style))
    sys.stderr.writelines(f"mailpath: a fault in mailpath itself: {bug}\n" for bug in bugs)
    return EXIT_UNKNOWN if bugs else check_report.exit_status(statuses)


def _roundtrip(arguments: argparse.Namespace) -> int:
    from monitor import daemon  # noqa: PLC0415 - see above

    settings = load(arguments.config_file, check_files=False)
    code, words = daemon.roundtrip_once(_path(settings, arguments.path), Via(arguments.via))
    sys.stdout.write(f"{words}\n")
    return code


def _maintenance(arguments: argparse.Namespace) -> int:
    from monitor import daemon  # noqa: PLC0415 - see above

    code, words = daemon.announce(arguments.daemon, arguments.path, arguments.length, arguments.reason)
    (sys.stderr if code else sys.stdout).write(f"{words}\n")
    return code


def _path(settings: Settings, name: str | None) -> PathSettings:
    chosen = [path for path in settings.paths if name in {None, path.name}]
    if len(chosen) != 1:
        names = ", ".join(path.name for path in settings.paths)
        raise ConfigError(Fault("--path", f"expected one of {names}"))
    return chosen[0]


def _config_check(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config_file, check_files=False)
    for path in settings.paths:
        counts = f"fixed nodes: {len(path.static_nodes)}, services: {len(path.services)}, edges: {len(path.edges)}"
        sys.stdout.write(f"{arguments.config_file}: path {path.name}: no faults ({counts})\n")
    return 0


def _config_show(arguments: argparse.Namespace) -> int:
    sys.stdout.write(show(load(arguments.config_file, check_files=False)))
    return 0


def _config_schema(_: argparse.Namespace) -> int:
    sys.stdout.write(f"{json.dumps(json_schema(), indent=2, ensure_ascii=False)}\n")
    return 0


def _rbac(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config_file, check_files=False)
    paths = settings.paths if arguments.path is None else (_path(settings, arguments.path),)
    sys.stdout.write(rbac_yaml(paths, arguments.namespace, arguments.service_account))
    return 0


def _rules(arguments: argparse.Namespace) -> int:
    from monitor.config import alert_rules  # noqa: PLC0415 - see above

    settings = load(arguments.config_file, check_files=False)
    chosen = alert_rules.thresholds(settings.paths, dict(arguments.label), arguments.runbook_url)
    sys.stdout.write(alert_rules.rules_yaml(chosen))
    return 0


def _run_options(arguments: argparse.Namespace) -> RunOptions:
    shard = _shard(arguments.shard, arguments.total_shards)
    return RunOptions(
        listen_addresses=tuple(arguments.web_listen_address or [DEFAULT_LISTEN_ADDRESS]),
        web_settings=_web_settings(arguments.web_config_file),
        external_url=arguments.web_external_url,
        enable_lifecycle=arguments.web_enable_lifecycle,
        log_level=arguments.log_level,
        log_format=arguments.log_format,
        shard=shard,
        total_shards=arguments.total_shards,
        state_file=arguments.state_file,
    )


def _shard(shard: int | None, total: int) -> int:
    if shard is None:
        pod = os.environ.get("POD_NAME") or socket.gethostname()
        shard = shard_of_pod(pod) if total > 1 else 0
        if shard is None:
            raise ConfigError(Fault("--shard", f"missing, and {pod} is not the name of a StatefulSet's pod"))
    if shard >= total:
        raise ConfigError(Fault("--shard", f"expected less than --total-shards, {total}, got {shard}"))
    return shard


def _web_settings(file: str | None) -> WebSettings | None:
    return None if file is None else parse_web_config(load_yaml_mapping(file), file, Path(file).parent)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailpath",
        description="Proves every hop of a mail path, and that the mail server still sees the real client IP.",
        allow_abbrev=False,
    )
    version = f"mailpath {__version__}" + (f" ({__revision__})" if __revision__ else "")
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    file, web, log = _file_flags(), _web_flags(), _log_flags()

    run = _command(commands, "run", _run, "the daemon", [file, web, log])
    run.add_argument(
        "--shard",
        type=_whole_number,
        metavar="N",
        help="this daemon's share, from 0 (default: the number in the name of a StatefulSet's pod)",
    )
    run.add_argument(
        "--total-shards", type=_positive_number, default=1, metavar="N", help="in how many shares (default: 1)"
    )
    run.add_argument(
        "--state.file",
        dest="state_file",
        metavar="FILE",
        help="where to keep what shall outlive a restart, such as the position in the mail log (default: nowhere)",
    )

    demo = _command(commands, "demo", _demo, "the daemon against an embedded, simulated mail path", [web, log])
    demo.add_argument(
        "--fault",
        action="append",
        metavar="NAME[@DELAY]",
        help="break the simulated path, at once or later (node-down@30s); may be repeated; `list` names the faults",
    )
    demo.set_defaults(shard=0, total_shards=1, state_file=None)

    probe = _command(commands, "probe", _probe, "one handshake with its whole transcript and timings", [file])
    probe.add_argument("node", metavar="NODE")
    probe.add_argument("service", metavar="SERVICE")
    probe.add_argument("--path", metavar="P", help="which path (default: the only one)")

    summary = "one round of everything: the path as a picture, findings, diagnosis; exits as a monitoring plugin"
    check = _command(commands, "check", _check, summary, [file])
    check.add_argument("--path", metavar="P", help="this path alone (default: all of them)")
    check.add_argument(
        "--listeners",
        choices=("connect", "exec"),
        help="how the pod's ports are seen: by connects to its address, or by commands inside it (default: "
        "as configured)",
    )
    check.add_argument("--output", choices=("table", "json"), default="table", help="how to tell (default: table)")

    rbac = _command(commands, "rbac", _rbac, "print the least that must be allowed in the cluster", [file])
    rbac.add_argument(
        "--namespace", type=_object_name, metavar="N", help="where mailpath runs (default: beside the mail server)"
    )
    rbac.add_argument(
        "--service-account",
        type=_object_name,
        default="mailpath",
        metavar="NAME",
        help="its account (default: mailpath)",
    )
    rbac.add_argument("--path", metavar="P", help="for this path alone (default: for all of them)")

    summary = "send a message, find it in its mailbox, delete it, tell who shall know"
    roundtrip = _command(commands, "roundtrip", _roundtrip, summary, [file])
    roundtrip.add_argument(
        "--via",
        choices=tuple(Via),
        default=Via.BREVO,
        help="who sends: brevo, from outside (default), or front_door, from here, which tries neither WAN nor MX",
    )
    roundtrip.add_argument("--path", metavar="P", help="which path (default: the only one)")

    rules = _command(commands, "rules", _rules, "print Prometheus' alert rules for this configuration", [file])
    rules.add_argument(
        "--label",
        type=_label,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label more on every alert; may be repeated",
    )
    rules.add_argument("--runbook-url", metavar="URL", help="where the pages of the alerts are (default: docs/runbook)")

    summary = "announce work on a path to the daemon: what breaks meanwhile is shown, expected, and wakes nobody"
    maintenance = _command(commands, "maintenance", _maintenance, summary, [])
    maintenance.add_argument(
        "length", type=_length, metavar="DURATION", help="how long from now, such as 30m or 2h, at most 1d; or `end`"
    )
    maintenance.add_argument("--reason", default="", metavar="TEXT", help="why, for those who look")
    maintenance.add_argument("--path", metavar="P", help="which path (default: the only one)")
    maintenance.add_argument(
        "--daemon",
        default=os.environ.get(_DAEMON_VARIABLE, _DEFAULT_DAEMON),
        metavar="URL",
        help=f"where the daemon answers (default: ${_DAEMON_VARIABLE}, else {_DEFAULT_DAEMON})",
    )

    about = commands.add_parser("config", help="check, show or describe the configuration", allow_abbrev=False)
    actions = about.add_subparsers(metavar="ACTION", required=True)
    _command(actions, "check", _config_check, "tell every fault at once, each with its place", [file])
    _command(actions, "show", _config_show, "print it with defaults filled in and secrets hidden", [file])
    _command(actions, "schema", _config_schema, "print its JSON Schema", [])
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    flags: list[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, parents=flags, allow_abbrev=False)
    parser.set_defaults(command=function)
    return parser


def _file_flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False)
    flags.add_argument(
        "--config.file",
        dest="config_file",
        default=_DEFAULT_FILE,
        metavar="FILE",
        help=f"the configuration (default: {_DEFAULT_FILE})",
    )
    return flags


def _web_flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False)
    flags.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        metavar="HOST:PORT",
        help=f"where to answer; may be repeated (default: {DEFAULT_LISTEN_ADDRESS})",
    )
    flags.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        help="TLS and basic auth, as the exporter-toolkit's",
    )
    flags.add_argument(
        "--web.external-url", dest="web_external_url", metavar="URL", help="under which people reach the status page"
    )
    flags.add_argument(
        "--web.enable-lifecycle",
        dest="web_enable_lifecycle",
        action="store_true",
        help="allow /-/reload, /probe and POST over HTTP",
    )
    return flags


def _log_flags() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False)
    flags.add_argument("--log.level", dest="log_level", choices=("debug", "info", "warning", "error"), default="info")
    flags.add_argument(
        "--log.format",
        dest="log_format",
        choices=("json", "console", "logfmt"),
        help="default: console on a terminal, else json",
    )
    return flags


def _whole_number(text: str, least: int = 0) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) < least:  # noqa: PLR2004 - digits
        raise argparse.ArgumentTypeError(f"expected a whole number of at least {least}, got {text!r}")
    return int(text)


def _length(text: str) -> float:
    try:
        seconds = 0.0 if text == "end" else parse_duration(text)
    except ValueError:
        seconds = LONGEST_MAINTENANCE + 1
    if seconds > LONGEST_MAINTENANCE:
        raise argparse.ArgumentTypeError(f"expected a duration such as 30m or 2h, at most 1d, or end, got {text!r}")
    return seconds


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    # the names that Prometheus allows, but for those that the rules themselves give
    if not equals or not re.fullmatch(r"(?!(severity|hop|path|service|alertname)$)[a-zA-Z_][a-zA-Z0-9_]*", name):
        raise argparse.ArgumentTypeError(f"expected a label as NAME=VALUE, got {text!r}")
    return name, value


def _object_name(text: str) -> str:
    # RFC 1123's label, the narrowest of what Kubernetes takes as a name
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"expected the name of a Kubernetes object, got {text!r}")
    return text


_positive_number = partial(_whole_number, least=1)
