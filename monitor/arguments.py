"""The command line's words: commands, flags, what they take, and what is said of each."""

import argparse
import os
import re
from functools import partial

from monitor import __revision__, __version__
from monitor.config.options import DEFAULT_LISTEN_ADDRESS
from monitor.config.values import parse_duration
from monitor.core.maintenance import LONGEST as LONGEST_MAINTENANCE
from monitor.core.roundtrip import Via

_DEFAULT_FILE = "mailpath.yml"

# A user and password may stand in the URL: a variable keeps them off the command line.
_DAEMON_VARIABLE = "MAILPATH_DAEMON"
_DEFAULT_DAEMON = "http://127.0.0.1:9641"

_DEMO_LISTEN_ADDRESS = "127.0.0.1:9641"


def parser() -> argparse.ArgumentParser:
    """Describe every command; what is parsed has the command's whole name (``config check``) as ``command``."""
    made = argparse.ArgumentParser(
        prog="mailpath",
        description="Proves every hop of a mail path, and that the mail server still sees the real client IP.",
        allow_abbrev=False,
    )
    version = f"mailpath {__version__}" + (f" ({__revision__})" if __revision__ else "")
    made.add_argument("--version", action="version", version=version)
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    file, web, log = _file_flags(), _web_flags(DEFAULT_LISTEN_ADDRESS), _log_flags()

    run = _command(commands, "run", "the daemon", [file, web, log])
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
        help="file for state kept across restarts, such as the position in the mail log (default: none)",
    )

    demo = _command(
        commands, "demo", "the daemon against an embedded, simulated mail path", [_web_flags(_DEMO_LISTEN_ADDRESS), log]
    )
    demo.add_argument(
        "--fault",
        action="append",
        metavar="NAME[@DELAY]",
        help="break the simulated path, at once or later (node-down@30s); may be repeated; `list` names the faults",
    )
    demo.set_defaults(shard=0, total_shards=1, state_file=None)

    probe = _command(commands, "probe", "one handshake with its whole transcript and timings", [file])
    probe.add_argument("node", metavar="NODE")
    probe.add_argument("service", metavar="SERVICE")
    probe.add_argument("--path", metavar="P", help="which path (default: the only one)")
    probe.add_argument("--probe", metavar="KIND", default="", help="which kind, where several share node and service")

    summary = "probe everything once: the path as a picture, findings, diagnosis; exits as a monitoring plugin"
    check = _command(commands, "check", summary, [file])
    check.add_argument("--path", metavar="P", help="this path alone (default: all of them)")
    check.add_argument(
        "--listeners",
        choices=("connect", "exec"),
        help="how the pod's ports are checked: by connects to its address, or by commands inside it (default: "
        "as configured)",
    )
    check.add_argument("--output", choices=("table", "json"), default="table", help="output format (default: table)")

    rbac = _command(commands, "rbac", "print the Kubernetes permissions that mailpath needs, and no more", [file])
    rbac.add_argument(
        "--namespace", type=_object_name, metavar="N", help="where mailpath runs (default: beside the mail server)"
    )
    rbac.add_argument(
        "--service-account",
        type=_object_name,
        default="mailpath",
        metavar="NAME",
        help="its service account (default: mailpath)",
    )
    rbac.add_argument("--path", metavar="P", help="for this path alone (default: for all of them)")

    summary = "send a message, find it in its mailbox, delete it, report the result"
    roundtrip = _command(commands, "roundtrip", summary, [file])
    roundtrip.add_argument(
        "--via",
        choices=tuple(Via),
        default=Via.BREVO,
        help="sender: brevo, from outside (default), or front_door, from here, which tests neither WAN nor MX",
    )
    roundtrip.add_argument("--path", metavar="P", help="which path (default: the only one)")

    rules = _command(commands, "rules", "print Prometheus' alert rules for this configuration", [file])
    rules.add_argument(
        "--label",
        type=_label,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an additional label on every alert; may be repeated",
    )
    rules.add_argument(
        "--runbook-url",
        metavar="URL",
        help="base URL of the alerts' pages, for the link in each alert (default: docs/runbook, their place in "
        "mailpath's repository, which is not a link)",
    )
    _external_url_flag(rules)

    summary = "announce work on a path to the daemon: what breaks meanwhile is shown as expected and pages no one"
    maintenance = _command(commands, "maintenance", summary, [])
    maintenance.add_argument(
        "length", type=_length, metavar="DURATION", help="how long from now, such as 30m or 2h, at most 1d; or `end`"
    )
    maintenance.add_argument("--reason", default="", metavar="TEXT", help="the reason, shown on the page")
    maintenance.add_argument("--path", metavar="P", help="which path (default: the only one)")
    maintenance.add_argument(
        "--daemon",
        default=os.environ.get(_DAEMON_VARIABLE, _DEFAULT_DAEMON),
        metavar="URL",
        help=f"the daemon's URL (default: ${_DAEMON_VARIABLE}, else {_DEFAULT_DAEMON})",
    )

    about = commands.add_parser("config", help="check, show or describe the configuration", allow_abbrev=False)
    actions = about.add_subparsers(metavar="ACTION", required=True)
    _command(actions, "check", "report every fault at once, each with its place", [file])
    _command(actions, "show", "print it with defaults filled in and secrets hidden", [file])
    _command(actions, "schema", "print its JSON Schema", [])
    return made


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    flags: list[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=summary, description=summary, parents=flags, allow_abbrev=False)
    made.set_defaults(command=made.prog.partition(" ")[2])
    return made


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


def _web_flags(listen_address: str) -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(add_help=False)
    flags.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        metavar="HOST:PORT",
        help=f"address to listen on; may be repeated (default: {listen_address})",
    )
    flags.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        help="TLS and basic auth, in the exporter-toolkit's format",
    )
    _external_url_flag(flags)
    flags.add_argument(
        "--web.enable-lifecycle",
        dest="web_enable_lifecycle",
        action="store_true",
        help="allow /-/reload, /probe and POST over HTTP",
    )
    return flags


def _external_url_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.external-url",
        dest="web_external_url",
        metavar="URL",
        help="URL under which people reach the status page",
    )


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
