"""One alert as a rule: what Prometheus reads, and what a person is sent."""

from dataclasses import replace

from monitor.core.runbook import Remedy
from monitor.core.verdicts import Hop
from monitor.publish.alerting.alert import Alert, Severity, rules_of
from monitor.publish.alerting.thresholds import Thresholds

ALERT = Alert(
    name="MailpathEdgeDown",
    severity=Severity.CRITICAL,
    hop=Hop.EDGE,
    expression="mailpath_edge_up == 0",
    wait=120.0,
    summary="summary",
    what="What broke.",
    mail="What it means.",
    commands=(Remedy("Look.", "ssh admin@{address} uptime"), Remedy("Check.", "mailpath check")),
    listed=" Where.",
)


def test_a_rule_has_its_wait_labels_and_runbook() -> None:
    """Severity and hop are labels, the page is named after the alert."""
    rule = ALERT.rule(Thresholds(runbook_url="https://wiki.example/runbook"))
    assert (rule["alert"], rule["expr"], rule["for"]) == ("MailpathEdgeDown", "mailpath_edge_up == 0", "2m")
    assert rule["labels"] == {"severity": "critical", "hop": "edge"}
    assert rule["annotations"]["runbook_url"] == "https://wiki.example/runbook/MailpathEdgeDown.md"


def test_an_alert_without_a_wait_fires_at_once_and_says_nothing_of_it() -> None:
    """A ``for`` of zero is no key, and no sentence."""
    waiting, at_once = ALERT.rule(Thresholds()), replace(ALERT, wait=0.0).rule(Thresholds())
    assert "2 minutes" in waiting["annotations"]["description"]
    assert "for" not in at_once
    assert at_once["annotations"]["description"].startswith("What broke. Where. What it means. Run: ")


def test_every_command_is_listed_and_the_first_is_in_the_text() -> None:
    """A pager shows the description alone."""
    annotations = ALERT.rule(Thresholds(edges={"home": "192.0.2.1"}))["annotations"]
    assert annotations["command"] == "ssh admin@192.0.2.1 uptime\nmailpath check"
    assert annotations["description"].endswith("Run: ssh admin@192.0.2.1 uptime")


def test_of_several_edges_the_alerts_path_chooses() -> None:
    """A template of Prometheus: the first address is everyone else's."""
    edges = {"home": "192.0.2.1", "office": "192.0.2.2", "branch": "192.0.2.1"}
    command = ALERT.rule(Thresholds(edges=edges))["annotations"]["command"]
    assert '{{ if eq $labels.path "office" }}192.0.2.2{{ else }}192.0.2.1{{ end }}' in command
    assert "branch" not in command


def test_further_labels_never_replace_an_alerts_own() -> None:
    """A receiver that routes by severity can rely on it."""
    labels = replace(ALERT, path="all").rule(Thresholds(labels={"team": "mail", "severity": "none"}))["labels"]
    assert labels == {"team": "mail", "severity": "critical", "hop": "edge", "path": "all"}


def test_several_alerts_keep_their_order() -> None:
    """Within a group rules see what the ones before them have recorded."""
    names = [rule["alert"] for rule in rules_of([ALERT, replace(ALERT, name="Other")], Thresholds())]
    assert names == ["MailpathEdgeDown", "Other"]
