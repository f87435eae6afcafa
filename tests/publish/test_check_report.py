"""What ``mailpath check`` prints, and its exit status."""

import json
from dataclasses import replace

import pytest

from monitor.core.edge import RedirectState
from monitor.core.kube import Cluster, Deployment, Pod
from monitor.core.runbook import Remedy
from monitor.core.status import ClusterStatus, Diagnosis, Finding, Health, HealthCheck, PathStatus
from monitor.core.verdicts import Hop
from monitor.publish.check_report import MIN_WIDTH, ExitStatus, Style, as_json, as_text, exit_status
from tests.publish.hosts import look, with_host
from tests.publish.statuses import broken_status, path_status, unknown
from tests.views import showing

PLAIN = Style()
ASCII = Style(unicode=False)
CRITICAL = Finding(
    "critical", "pfsense:25", "nat_redirect", "NAT leads port 25 astray.", Remedy("Look.", "ssh admin@10.0.20.1")
)
WARNING = Finding("warning", "pfsense/pool", "timeout", "It is short.", Remedy("Lengthen it."))
INFO = Finding("info", "pfsense", "haproxy_restarted", "A moment ago.", Remedy("Wait."))


def _worried() -> PathStatus:
    check = HealthCheck("smtp:checks", "warn", "healthcheck NodePort not up on k8s-node1", "smtp")
    return replace(path_status(), health=Health("warn", (check,)))


def _unknown() -> PathStatus:
    path = path_status()
    return showing(path, handshakes=tuple(map(unknown, path.handshakes)), health=Health("fail", ()))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (path_status(), ExitStatus.OK),
        (replace(path_status(), findings=(INFO,)), ExitStatus.OK),
        (replace(path_status(), findings=(INFO, WARNING)), ExitStatus.WARNING),
        (_worried(), ExitStatus.WARNING),
        (replace(path_status(), findings=(WARNING, CRITICAL)), ExitStatus.CRITICAL),
        (broken_status(), ExitStatus.CRITICAL),
        (_unknown(), ExitStatus.UNKNOWN),
        (replace(_unknown(), findings=(CRITICAL,)), ExitStatus.CRITICAL),
        (showing(path_status(), checks=(), handshakes=(), edges=(), front_doors=()), ExitStatus.UNKNOWN),
    ],
)
def test_exit_status(path: PathStatus, status: ExitStatus) -> None:
    """It is the plugin convention's, and the first word says it too."""
    assert exit_status([path]) is status
    assert as_text([path], PLAIN).startswith(f"{status.name}: home: ")


def test_of_several_paths_the_worst_counts() -> None:
    """What is known to be bad outranks what is not known, and that outranks a warning."""
    assert exit_status([path_status(), _worried()]) is ExitStatus.WARNING
    assert exit_status([_unknown(), _worried()]) is ExitStatus.UNKNOWN
    assert exit_status([_unknown(), broken_status()]) is ExitStatus.CRITICAL
    assert exit_status([]) is ExitStatus.UNKNOWN
    assert as_text([path_status(), broken_status()], PLAIN).count("Diagnosis: ") == 2


def test_the_first_line_names_the_worst() -> None:
    """The hop, else the gravest finding, else what is behind the health."""

    def first(path: PathStatus) -> str:
        return as_text([path], PLAIN).partition("\n")[0]

    assert first(broken_status()) == "CRITICAL: home: listener: the listener on 2525 refuses"
    assert first(replace(path_status(), findings=(INFO, WARNING))).endswith("pfsense/pool: timeout: It is short.")
    assert first(_worried()).endswith("smtp:checks: healthcheck NodePort not up on k8s-node1")
    assert first(path_status()) == "OK: home: Nothing is broken."


def test_the_picture() -> None:
    """Hop after hop, with words for what is not well."""
    text = as_text([with_host(look(state=RedirectState.ALIAS))], PLAIN)
    lines = text.splitlines()
    assert lines[2:6] == ["  client", "  │", "  ✕ NAT        ● :25  ✕ :465 (to <mailserver>)", "  │"]
    assert "  ● Mail log   file" in lines
    titles = ("NAT", "Edge", "Frontends", "Backends", "Nodes", "Listeners")
    assert [text.index(f" {title} ") for title in titles] == sorted(text.index(f" {title} ") for title in titles)


def test_findings_and_diagnosis() -> None:
    """The gravest finding comes first, with what to do, a command after a prompt; the diagnosis ends with the next."""
    text = as_text([replace(broken_status("because"), findings=(INFO, WARNING, CRITICAL))], PLAIN)
    assert text.index("critical pfsense:25") < text.index("warning  pfsense/pool") < text.index("info     pfsense")
    assert "$ ssh admin@10.0.20.1" in text
    assert "\n             Lengthen it.\n" in text
    assert "Wait." not in text
    assert text.endswith("  because  because\n  effects  because\n  also     because\nNext: because\n")


def test_what_is_beside_the_path() -> None:
    """The source of the log, and what the cluster's API says."""
    cluster = ClusterStatus(up=False, stale=True, age=None, at=None, reason="refused: so it goes")
    text = as_text([replace(path_status(), cluster=cluster)], PLAIN)
    assert "● Mail log   file" in text
    assert "▲ Kubernetes refused: so it goes" in text


def test_a_pod_out_of_reach_is_offered_another_look() -> None:
    """From a laptop the pod's address gives no answer: the flag that looks inside is named, where a pod runs at all."""
    pod = Pod("mailserver-1", "Running", labels={"app": "mailserver"})
    known = Cluster(pods=(pod,), deployment=Deployment("mailserver", {"app": "mailserver"}, 1, 1))
    cluster = ClusterStatus(up=True, stale=False, age=1.0, at=0.0, reason="", known=known)
    assert "--listeners exec looks inside the pod" in as_text([replace(path_status(), cluster=cluster)], PLAIN)
    seen = replace(cluster, known=replace(known, listeners={25: True}))
    assert "the API answers\n" in as_text([replace(path_status(), cluster=seen)], PLAIN)


def test_terminals_differ() -> None:
    """Colours come only where they are wanted, ASCII alone where nothing else is shown; the first line is whole."""
    assert "\x1b[31;1mCRITICAL\x1b[0m" in as_text([broken_status()], Style(colour=True))
    assert "\x1b" not in as_text([broken_status()], PLAIN)
    text = as_text([with_host(look(state=RedirectState.ALIAS))], ASCII)
    assert text.isascii()
    assert "X NAT        + :25  X :465" in text
    long = replace(path_status(), findings=(replace(WARNING, message="word " * 50),))
    assert max(map(len, as_text([long], Style(width=10)).splitlines()[1:])) <= MIN_WIDTH


def test_a_peers_words_cannot_steer_the_terminal() -> None:
    """Control characters are no part of a report."""
    text = as_text([broken_status("\x1b[2J\x07evil\u202e")], PLAIN)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "?[2J?evil?" in text


def test_json() -> None:
    """It is the status document and the exit status, whatever a peer has said."""
    whole = json.loads(as_json([broken_status("\udcff")]))
    assert whole["exit_status"] == 2
    assert whole["paths"][0]["diagnosis"]["hop"] == Hop.LISTENER
    none = Diagnosis(Hop.NONE, "Nothing is broken.")
    assert json.loads(as_json([replace(path_status(), diagnosis=none)]))["exit_status"] == 0
