"""The alert rules of a configuration: times from its intervals, addresses and labels in their places."""

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from monitor.cli import main
from monitor.config.alert_rules import rules_yaml, thresholds
from monitor.config.load import parse
from monitor.publish.alerting.thresholds import ANY_PATH, Thresholds
from monitor.publish.external_url import parse_external_url
from tests.config.documents import COMPLETE, MINIMAL, with_block

QUICK = "interval: 2s, fast_interval: 1s, timeout: 1500ms"
QUICK_HANDSHAKES = f"handshakes: {{{QUICK}, client_rate_limit: null}}"


def of(data: bytes) -> Thresholds:
    """Derive the thresholds of a configuration."""
    return thresholds(parse(data, "mailpath.yml").paths, {})


def test_the_shipped_intervals_give_the_shipped_thresholds() -> None:
    """60 s to the next round, 20 s to the second failure, 20 s for it to time out: certain within two minutes."""
    assert of(MINIMAL) == Thresholds()


@pytest.mark.parametrize(
    ("block", "settle", "silence"),
    [
        ("handshakes: {interval: 5m}", 6 * 60, 900),
        ("front_door: {fall: 4}", 3 * 60, 300),
        ("checks: {interval: 2m, fall: 3}", 7 * 60, 360),
        ("edges: [{interval: 90s}]", 5 * 60, 300),
        (f"{QUICK_HANDSHAKES}\nfront_door: {{{QUICK}}}\nchecks: {{timeout: 1s, fall: 1}}", 6, 300),
    ],
)
def test_longer_intervals_wait_longer(block: str, settle: float, silence: float) -> None:
    """Nobody is told before every target of a broken hop can have told it."""
    found = of(with_block(block))
    assert (found.settle, found.silence) == (settle, silence)


def test_an_alert_never_waits_less_than_it_takes_to_be_certain() -> None:
    """With a round in ten minutes five minutes for a rollout are too few."""
    content = yaml.safe_load(rules_yaml(of(with_block("handshakes: {interval: 10m}"))))
    waits = {rule["alert"]: rule["for"] for rule in content["groups"][0]["rules"] if "for" in rule}
    assert waits["MailpathMailServerDown"] == waits["MailpathEdgeDown"] == "11m"


def test_the_command_names_the_edge_of_its_own_path() -> None:
    """Where paths have different edges, a template chooses."""
    one = thresholds(parse(COMPLETE, "mailpath.yml").paths, {})
    assert set(one.edges.values()) == {"10.0.20.1"}
    assert "command: ping -c 3 10.0.20.1\n" in rules_yaml(one)
    two = rules_yaml(Thresholds(edges={"home": "10.0.20.1", "branch": "10.1.0.1"}))
    assert 'ping -c 3 {{ if eq $labels.path "branch" }}10.1.0.1{{ else }}10.0.20.1{{ end }}' in two


def test_alerts_link_to_the_status_page_where_it_is_known() -> None:
    """To their path's part of it; those about mailpath as a whole to its top. Otherwise there is no link."""
    paths = parse(COMPLETE, "mailpath.yml").paths
    assert "status_url" not in rules_yaml(thresholds(paths, {}))
    links = {
        line.strip()
        for line in rules_yaml(
            thresholds(paths, {}, external_url=parse_external_url("https://example.org/mailpath"))
        ).splitlines()
        if "status_url" in line
    }
    assert links == {
        "status_url: https://example.org/mailpath/",
        "status_url: https://example.org/mailpath/#path-{{ $labels.path }}",
    }


def test_the_required_services_are_those_of_each_path() -> None:
    """Said once where all paths require the same."""
    paths = [
        parse(with_block(f"healthz: {{require: {{services: [{name}]}}}}"), "").paths[0] for name in ("smtp", "imaps")
    ]
    assert thresholds(paths[:1], {}).required == {ANY_PATH: ("smtp",)}
    two = thresholds([paths[0], replace(paths[1], name="branch")], {})
    assert two.required == {paths[0].name: ("smtp",), "branch": ("imaps",)}


def test_the_command_line_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With labels and another place of the runbook."""
    file = tmp_path / "mailpath.yml"
    file.write_bytes(MINIMAL)
    words = ["rules", "--config.file", str(file), "--label", "team=mail", "--label", "cluster=a=b"]
    assert main([*words, "--runbook-url", "https://wiki.example.org/mail/"]) == 0
    groups = yaml.safe_load(capsys.readouterr().out)["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert all(rule["labels"].items() >= {("team", "mail"), ("cluster", "a=b")} for rule in alerts)
    assert alerts[2]["annotations"]["runbook_url"] == "https://wiki.example.org/mail/MailpathEdgeDown.md"


@pytest.mark.parametrize("label", ["team", "1team=x", "te-am=x", "severity=info", "path=home", "=x"])
def test_a_label_must_be_one(label: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Prometheus' names only, and none that the rules themselves give."""
    with pytest.raises(SystemExit):
        main(["rules", "--label", label])
    assert f"expected a label as NAME=VALUE, got '{label}'" in capsys.readouterr().err
