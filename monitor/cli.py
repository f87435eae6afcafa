"""The command line: flags as the Prometheus exporters have them, one function a command."""

import argparse
import gc
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from monitor.arguments import parser
from monitor.config.document import read_bytes
from monitor.config.load import load, load_yaml_mapping, parse, reading
from monitor.config.options import DEFAULT_LISTEN_ADDRESS, RunOptions, shard_of_pod
from monitor.config.rbac import rbac_yaml
from monitor.config.settings import PathSettings, Settings
from monitor.config.show import json_schema, show
from monitor.core.errors import ConfigError, Fault
from monitor.core.roundtrip import Via
from monitor.publish.external_url import ExternalUrl, parse_external_url
from monitor.publish.web_config import parse_web_config

# The exit code of a bad configuration and of a bad command line alike (argparse's own).
EXIT_USAGE = 2

# The same for `check`, where 2 says that the path is down: the convention of monitoring plugins.
EXIT_UNKNOWN = 3

# As a shell tells of a process that SIGINT has ended, and of one whose output nobody wants (SIGPIPE).
EXIT_INTERRUPTED = 130
EXIT_UNREAD = 141

# What a command needs beyond the configuration is imported when it runs: `config check` stays quick and small.


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code. ``argv`` is without the program's name (``None``: the process's own)."""
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    try:
        code = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
    except ConfigError as error:
        return _report(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read has enough
        _forget_output()
        return EXIT_UNREAD
    except Exception:
        if arguments.command != "check":
            raise
        sys.excepthook(*sys.exc_info())  # Python's own code after it, 1, would say something of the path
        _forget_output()
        return EXIT_UNKNOWN
    return code


def _forget_output() -> None:
    # What is left to say goes nowhere, else Python would fail once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse(words: Sequence[str]) -> argparse.Namespace:
    try:
        return parser().parse_args(words)
    except SystemExit as ended:  # argparse has said why
        if ended.code == EXIT_USAGE and words[:1] == ["check"]:
            sys.stdout.write("UNKNOWN: bad command line\n")
            raise SystemExit(EXIT_UNKNOWN) from None
        raise


def _report(error: ConfigError) -> int:
    count = len(error.faults)
    summary = f"mailpath: {count} {'fault' if count == 1 else 'faults'}"
    sys.stderr.writelines(f"{line}\n" for line in (*error.faults, summary))
    return EXIT_USAGE


def _run(arguments: argparse.Namespace) -> int:
    with _importing():
        from monitor import daemon  # noqa: PLC0415 - see above

    return daemon.run(partial(reading, arguments.config_file, check_files=True), _run_options(arguments))


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
    code, transcript = daemon.probe_once(
        _path(settings, arguments.path), arguments.node, arguments.service, arguments.probe
    )
    sys.stdout.write(f"{transcript}\n")
    return code


def _check(arguments: argparse.Namespace) -> int:
    from monitor.publish import check_report  # noqa: PLC0415 - see above

    as_json = arguments.output == "json"
    try:
        paths = _paths(load(arguments.config_file, check_files=True), arguments.path)
        from monitor import daemon  # noqa: PLC0415 - see above

        statuses, bugs = daemon.check_once(paths, arguments.listeners)
    except ConfigError as error:
        # A plugin's caller shows the first line of stdout alone; a program reads all of it.
        refusal = check_report.refusal_as_json(error.faults) if as_json else f"UNKNOWN: {error.faults[0]}\n"
        sys.stdout.write(refusal)
        _report(error)
        return EXIT_UNKNOWN
    style = check_report.Style(
        colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        unicode=(sys.stdout.encoding or "").lower().startswith("utf"),
        width=shutil.get_terminal_size().columns,
    )
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


def _paths(settings: Settings, name: str | None) -> tuple[PathSettings, ...]:
    return settings.paths if name is None else (_path(settings, name),)


def _path(settings: Settings, name: str | None) -> PathSettings:
    chosen = [path for path in settings.paths if name in {None, path.name}]
    if len(chosen) != 1:
        names = ", ".join(path.name for path in settings.paths)
        raise ConfigError(Fault("--path", f"expected one of {names}"))
    return chosen[0]


def _config_check(arguments: argparse.Namespace) -> int:
    data = read_bytes(Path(arguments.config_file))  # once: it may be a pipe
    settings = parse(data, arguments.config_file)
    for path in settings.paths:
        counts = f"fixed nodes: {len(path.known_nodes)}, services: {len(path.services)}, edges: {len(path.edges)}"
        sys.stdout.write(f"{arguments.config_file}: path {path.name}: no faults ({counts})\n")
    try:
        parse(data, arguments.config_file, check_files=True)
    except ConfigError as error:  # no fault of this file: it may be checked where the files that it names are not
        sys.stderr.writelines(f"{line}\n" for line in (*error.faults, "mailpath: here `run` would refuse it"))
    return 0


def _config_show(arguments: argparse.Namespace) -> int:
    sys.stdout.write(show(load(arguments.config_file, check_files=False)))
    return 0


def _config_schema(_: argparse.Namespace) -> int:
    sys.stdout.write(f"{json.dumps(json_schema(), indent=2, ensure_ascii=False)}\n")
    return 0


def _rbac(arguments: argparse.Namespace) -> int:
    paths = _paths(load(arguments.config_file, check_files=False), arguments.path)
    sys.stdout.write(rbac_yaml(paths, arguments.namespace, arguments.service_account))
    return 0


def _rules(arguments: argparse.Namespace) -> int:
    from monitor.config import alert_rules  # noqa: PLC0415 - see above

    settings = load(arguments.config_file, check_files=False)
    external_url = _external_url(arguments.web_external_url)
    labels = dict(arguments.label)
    chosen = alert_rules.thresholds(settings.paths, labels, arguments.runbook_url, external_url)
    sys.stdout.write(alert_rules.rules_yaml(chosen))
    return 0


def _run_options(arguments: argparse.Namespace) -> RunOptions:
    shard, web = _shard(arguments.shard, arguments.total_shards), arguments.web_config_file
    return RunOptions(
        listen_addresses=tuple(arguments.web_listen_address or [DEFAULT_LISTEN_ADDRESS]),
        web_settings=None if web is None else parse_web_config(load_yaml_mapping(web), web, Path(web).parent),
        external_url=_external_url(arguments.web_external_url),
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


def _external_url(text: str | None) -> ExternalUrl | None:
    return None if text is None else parse_external_url(text)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "probe": _probe,
    "check": _check,
    "rbac": _rbac,
    "roundtrip": _roundtrip,
    "rules": _rules,
    "maintenance": _maintenance,
    "config check": _config_check,
    "config show": _config_show,
    "config schema": _config_schema,
}
