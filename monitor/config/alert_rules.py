"""The alert rules for a configuration: how long each trouble must stand follows from how soon it can be certain."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import yaml

from monitor.config.probing import CheckSettings, DialogueSettings
from monitor.config.settings import PathSettings
from monitor.publish.alerting.groups import rule_groups
from monitor.publish.alerting.thresholds import ANY_PATH, Thresholds
from monitor.publish.external_url import ExternalUrl

# As in verdict: what is older than so many intervals is not known any more.
_STALE_AFTER = 3
_MINUTE = 60.0
_FEWEST_ROUNDS = 300.0


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, for people who read rules."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def thresholds(
    paths: Iterable[PathSettings],
    labels: Mapping[str, str],
    runbook_url: str | None = None,
    external_url: ExternalUrl | None = None,
) -> Thresholds:
    """Derive the times from the slowest of these paths; ``labels`` go on every alert."""
    chosen = tuple(paths)
    known = replace(
        Thresholds(),
        settle=max(_settle(path) for path in chosen),
        silence=max(_FEWEST_ROUNDS, *(_STALE_AFTER * _slowest_round(path) for path in chosen)),
        required=_required(chosen),
        edges={path.name: path.edges[0].address for path in chosen if path.edges},
        labels=dict(labels),
        external_url=external_url,
    )
    return known if runbook_url is None else replace(known, runbook_url=runbook_url.rstrip("/"))


def rules_yaml(chosen: Thresholds) -> str:
    """Return the rule file."""
    return yaml.dump(rule_groups(chosen), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _required(paths: Sequence[PathSettings]) -> Mapping[str, tuple[str, ...]]:
    """The required services of each path; said once where all paths require the same."""
    by_path = {path.name: path.healthz.require.services for path in paths}
    alike = set(by_path.values())
    return {ANY_PATH: alike.pop()} if len(alike) == 1 else by_path


def _settle(path: PathSettings) -> float:
    """Return by when every target of a path tells a broken hop, in whole minutes where it is more than one."""
    certain = [_certain(path.handshakes), _certain(path.front_door), _check(path.checks)]
    certain += [_STALE_AFTER * edge.interval for edge in path.edges]
    unit = _MINUTE if max(certain) > _MINUTE else 1.0
    return math.ceil(max(certain) / unit) * unit


def _certain(dialogue: DialogueSettings) -> float:
    first = max(dialogue.interval, dialogue.timeout)
    return first + (dialogue.fall - 1) * max(dialogue.fast_interval, dialogue.timeout) + dialogue.timeout


def _check(check: CheckSettings) -> float:
    return check.fall * max(check.interval, check.timeout) + check.timeout


def _slowest_round(path: PathSettings) -> float:
    return max(max(each.interval, each.timeout) for each in (path.checks, path.handshakes, path.front_door))
