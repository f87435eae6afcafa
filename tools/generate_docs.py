# ruff: noqa: INP001 - a script beside others, and no package
"""Writes the reference documents from the code, so that they cannot drift from it.

Run it from anywhere: ``make docs``. A test holds the committed files to its output.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from monitor.config.alert_rules import rules_yaml
from monitor.config.show import json_schema
from monitor.core import runbook
from monitor.core.runbook import Remedy
from monitor.core.verdicts import Agreement
from monitor.publish import catalogue
from monitor.publish.alerting.alert import Alert
from monitor.publish.alerting.groups import all_alerts
from monitor.publish.alerting.thresholds import Thresholds, written
from monitor.publish.families import PREFIX, Family
from monitor.publish.meanings import HOPS, VERDICTS, Advice

Name = TypeVar("Name")

DOCS = Path(__file__).resolve().parents[1] / "docs"
ALERT_RULES = DOCS.parent / "alerts" / "mailpath.rules.yml"
EDGE = "10.0.20.1"
LONGEST_DEFAULT = 100
LAST_PORT = 65535

ABOUT_VERDICTS = """\
<!-- Made by tools/generate_docs.py from monitor/publish/meanings.toml: change it there. -->
# Verdicts, agreement, diagnosis

A *verdict* says how one service on one node, or at one edge's front door, stands; the first of the list that applies is
shown. *Agreement* compares HAProxy's view of a server with our own handshake. The *diagnosis* names, for a whole path,
the one hop where the cause lies; of several the first of the list is shown, and the others are told with it. Why a
single round failed: [reasons.md](reasons.md). The commands are those of [the runbook's
path](how-it-works.md#the-path), with its addresses and names.
"""

ABOUT_METRICS = """\
<!-- Made by tools/generate_docs.py from monitor/publish/catalogue.py: change it there. -->
# Metrics

Scrape `/metrics` with `honor_labels: true`: `node` and `service` are labels of ours and of many targets. Base units;
counters end in `_total`; a client address is never a label. `*_up`, timestamps and proofs are absent until they are
known, counters and state sets exist from the first scrape, and all vanish with their target. A state set has one series
per state, exactly one of which is 1. The usual `process_*` and `python_*` are there as well.
"""

ABOUT_CONFIGURATION = """\
<!-- Made by tools/generate_docs.py from monitor/config/: change it there. -->
# Configuration

One YAML file (`--config.file`, default `mailpath.yml`). Unknown keys are errors; every fault is told at once, with its
line, its key and what was expected (`mailpath config check`). Durations are `500ms`, `5s`, `2m`, `1h`. In a text,
`${NAME}` is that variable of the environment and `$$` a dollar. What takes `null` says what that means.
An absent `edges`, `maillog` or `kubernetes` block switches that source off; keys inside a block that is given default
one by one. `mailpath config show` prints the whole with its defaults, `mailpath config schema` its JSON Schema.
"""

ABOUT_ALERTS = """\
<!-- Made by tools/generate_docs.py from monitor/publish/alerting/: change it there. -->
# Alerts

`alerts/mailpath.rules.yml` holds the rules for the shipped intervals; `mailpath rules` prints them for a configuration
of your own, with `--label NAME=VALUE` for further labels and `--runbook-url` for the URL of these pages where your
people reach them. Without it, and in the shipped rules, the annotation `runbook_url` is their place in this repository
(`docs/runbook/…`): a name to look for, no link. What is written below is what the shipped ones wait.

The diagnosis names one hop for each path, and that hop has one alert: effects have none. *critical* wakes somebody, as
users are harmed; *warning* can wait for the day, as only redundancy or sight is lost; *info* notifies nobody, nor do
drift, the noise of an edge's checks, or one server of several that HAProxy has taken out. An alert that has fired
outlives a restart of mailpath (`keep_firing_for`, Prometheus 2.42 or newer). When mailpath itself is gone, only
`MailpathAbsent` says so.

Rules select by metric, never by `job`, and aggregate to labels of the metric's own. So they bear two replicas, `node`
and `service` as labels of the target (with `honor_labels: true`), and a job that was there before. A node that
kube-state-metrics shows as cordoned is information for two hours; without kube-state-metrics it is a node like others.

`alerts/alertmanager/` has routes, inhibition (edge > backend > node > service) and texts to take over. There
`NodeDown` and `MailServerDown` of your own silence what is their effect, and ours silence `MailServerDown`,
`EmailRoundtripFailing`, `EmailRoundtripStale` and `EmailRoundtripNeverRun`. Work that was announced
([maintenance.md](maintenance.md)) inhibits all of them on its path but an open relay. Never let these pages go by
e-mail alone.
"""

ABOUT_ALERT = "<!-- Made by tools/generate_docs.py from monitor/publish/alerting/: change it there. -->\n"


# What only the document says: no page and no alert shows it.
AGREEMENTS: Mapping[Agreement, Advice] = {
    Agreement.LB_UP_PATH_DOWN: Advice(
        "HAProxy sends clients to this server, and our handshake with it fails: its health check looks at something "
        "else than what clients need.",
        "Take the server out by hand until it is mended, and see what its check proves.",
        (runbook.SHOW_STATE,),
    ),
    Agreement.LB_DOWN_PATH_UP: Advice(
        "HAProxy has taken out a server that works: its `check port` is wrong or blocked. Clients crowd on the "
        "others, or find none.",
        "Compare the server's check port with the Service's healthcheck NodePorts.",
        (runbook.SHOW_STATE, runbook.SERVICE),
    ),
    Agreement.LB_ADMIN: Advice(
        "Somebody has put this server in maintenance, or lets it drain.",
        "If nobody remembers why: put it back.",
        (runbook.SHOW_STATE,),
    ),
    Agreement.UNKNOWN: Advice(
        "HAProxy's view or ours is missing: never checked, checks switched off, SSH down, or stale.",
        "See the edge's own state.",
        (runbook.SHOW_STATE,),
    ),
    Agreement.AGREE: Advice("HAProxy and our handshake say the same, be it good or bad.", "Nothing to do."),
}


def documents() -> dict[str, str]:
    """Give every generated document by its file name."""
    return _alerts() | {
        "configuration.md": _configuration(),
        "metrics.md": _metrics(),
        "verdicts.md": _verdicts(),
    }


def _metrics() -> str:
    families = [value for value in vars(catalogue).values() if isinstance(value, Family)]
    rows = [f"| `{PREFIX}{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.help} |" for each in families]
    return "\n".join((ABOUT_METRICS, "| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows, ""))


def _alerts() -> dict[str, str]:
    """Give the list of alerts, and a page for each name."""
    by_name: dict[str, list[Alert]] = {}
    for alert in all_alerts(Thresholds()):
        by_name.setdefault(alert.name, []).append(alert)
    head = "| alert | severity | waits | hop | says |\n| --- | --- | --- | --- | --- |"
    rows = "\n".join(
        f"| [{name}](runbook/{name}.md) | {', '.join(each.severity for each in alerts)} | "
        f"{', '.join(_waits(each) for each in alerts)} | `{alerts[0].hop}` | {_plain(alerts[-1].summary)} |"
        for name, alerts in by_name.items()
    )
    pages = {f"runbook/{name}.md": _page(name, alerts) for name, alerts in by_name.items()}
    return {"alerts.md": f"{ABOUT_ALERTS}\n{head}\n{rows}\n", **pages}


def _page(name: str, alerts: list[Alert]) -> str:
    last = alerts[-1]
    commands = _commands(last.commands)
    advice = HOPS[last.hop]
    remedy = f"{advice.remedy}\n\n" if last.commands == advice.commands else ""
    hop = "" if last.hop == "none" else f" Its hop is [`{last.hop}`](../verdicts.md#{last.hop})."
    conditions = "\n".join(
        f"*{each.severity}*, when this has held for {_waits(each)}:\n\n```promql\n{each.expression}\n```\n"
        for each in alerts
    )
    return (
        f"{ABOUT_ALERT}# {name}\n\n> {_plain(last.summary)}.\n\n{last.what}{hop}\n\n{last.mail}\n\n"
        f"## What to run\n\n```sh\n{commands}\n```\n\n{remedy}"
        f"## When it is told\n\n{conditions}"
    )


def _waits(alert: Alert) -> str:
    return written(alert.wait) if alert.wait else "0s"


def _plain(template: str) -> str:
    return re.sub(r"\{\{ \$(?:labels\.)?(\w+).*?\}\}", lambda found: found[1].upper(), template)


def _configuration() -> str:
    rows = "\n".join(_keys("", json_schema()))
    services = json_schema()["properties"]["paths"]["items"]["properties"]["services"]["default"]  # type: ignore[index]
    named = "\n".join(f"{name}: {json.dumps(keys)}" for name, keys in services.items())
    table = f"| key | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}\n"
    return f"{ABOUT_CONFIGURATION}\n{table}\n## The services, where nothing else is said\n\n```yaml\n{named}\n```\n"


def _keys(prefix: str, schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, value in schema.get("properties", {}).items():
        meaning = value.get("description", "")
        yield f"| `{prefix}{name}` | {_type(value)} | {_default(name, value, required)} | {meaning} |"
        yield from _below(f"{prefix}{name}", value)


def _below(key: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for each in (schema, *schema.get("anyOf", ())):
        if "items" in each:
            yield from _keys(f"{key}[].", each["items"])
        if isinstance(each.get("additionalProperties"), Mapping):
            yield from _below(f"{key}.NAME", each["additionalProperties"])
        yield from _keys(f"{key}.", each)


def _type(schema: Mapping[str, Any]) -> str:
    """Say what may stand there; what takes null says so in its default or meaning."""
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_plural(_type(schema['items']))}"
    if kind == "object":
        return f"{_plural(_type(named))} by name" if (named := schema.get("additionalProperties")) else "block"
    return _scalar(schema)


def _scalar(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "integer":
        return "port" if schema["maximum"] == LAST_PORT else "whole number"
    if schema["type"] == "boolean":
        return "`true`, `false`"
    return re.sub(r"^(an?|the) |( such as| of letters| of printable|,).*", "", schema["title"])


def _plural(kind: str) -> str:
    """Give the plural of a type; of words set as code there is none."""
    return kind if kind.endswith("`") else f"{kind}s"


def _default(name: str, schema: Mapping[str, Any], required: object) -> str:
    if isinstance(required, list) and name in required:
        return "*required*"
    if "default" not in schema:
        return ""
    text = json.dumps(schema["default"], ensure_ascii=False)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "see below"


def _verdicts() -> str:
    return "\n".join(
        (
            ABOUT_VERDICTS,
            "## Verdicts (`mailpath_verdict`, `mailpath_front_door_verdict`)\n",
            *_sections(VERDICTS),
            "## Agreement (`mailpath_lb_agreement`)\n",
            *_sections(AGREEMENTS),
            "## Hops (`mailpath_diagnosis`)\n",
            *_sections(HOPS),
        )
    )


def _sections(advice: Mapping[Name, Advice]) -> Iterator[str]:
    for name, each in advice.items():
        yield f"### `{name}`\n\n{each.meaning}\n\n{each.remedy}\n"
        if each.commands:
            yield f"```sh\n{_commands(each.commands)}\n```\n"


def _commands(remedies: Iterable[Remedy]) -> str:
    """Write each command below what it is for."""
    return "\n".join(f"# {each.words}\n{each.at(EDGE).command}" for each in remedies)


def main() -> None:
    """Write them."""
    (DOCS / "runbook").mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (DOCS / name).write_text(text)
    ALERT_RULES.write_text(rules_yaml(Thresholds()))


if __name__ == "__main__":
    main()
