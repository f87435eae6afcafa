"""What the Kubernetes API tells beside drift, as findings; and what of it worries /healthz."""

from dataclasses import replace

import pytest

from monitor.core.conversation import Failure
from monitor.core.kube import Cluster, CronJob, EndpointSlice, Job, KubeNode
from monitor.core.status import Finding
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from tests.verdict.build import all_well, plan
from tests.verdict.kube_build import NAME, PLAN, PORTS, RUNNING, SOUND, book, looked, with_pod

NOW = 1_000_000.0
OWNER = ("CronJob/email-roundtrip-monitor",)


def findings(cluster: Cluster = SOUND) -> list[Finding]:
    """Give the findings of the path."""
    return list(book(cluster).status(1.0, NOW + 1.0).findings)


def keys(cluster: Cluster) -> list[tuple[str, str, str]]:
    """Give severity, subject and kind of each."""
    return [(each.severity, each.subject, each.kind) for each in findings(cluster)]


def test_a_sound_cluster_has_nothing_to_tell() -> None:
    """No finding, and health passes."""
    assert findings() == []
    assert book().status(1.0, NOW).health.status == "pass"


@pytest.mark.parametrize(
    ("changes", "severity", "kind"),
    [
        ({"ready": False}, "warning", "node_not_ready"),
        ({"ready": None}, "warning", "node_not_ready"),
        ({"cordoned": True}, "info", "node_cordoned"),
        ({"pressures": ("DiskPressure",)}, "warning", "node_pressure"),
    ],
)
def test_nodes(changes: dict[str, object], severity: str, kind: str) -> None:
    """NotReady and pressure warn, a cordoned node is information."""
    nodes = SOUND.nodes or ()
    first: KubeNode = replace(nodes[0], **changes)  # type: ignore[arg-type]
    assert keys(replace(SOUND, nodes=(first, *nodes[1:]))) == [(severity, "node/k8s-node1", kind)]


@pytest.mark.parametrize(
    "slices", [(), (EndpointSlice("s", NAME, PORTS, ready=0),), (EndpointSlice("s", "other", PORTS, 1),)]
)
def test_no_endpoint_stands_behind_the_service(slices: tuple[EndpointSlice, ...]) -> None:
    """No slice, one without ready endpoints, one of another Service: clients are refused."""
    found = findings(replace(SOUND, slices=slices))
    assert [(each.severity, each.kind) for each in found] == [("critical", "no_endpoint")]
    assert "smtp, smtps, submission, imaps" in found[0].message


def test_one_port_without_an_endpoint_is_named() -> None:
    """Every port is looked at by itself."""
    ports = {name: port for name, port in PORTS.items() if name != "imaps"}
    found = findings(replace(SOUND, slices=(EndpointSlice("s", NAME, ports, ready=1),)))
    assert "behind mailserver-proxy: imaps." in found[0].message


def test_closed_listeners_are_named() -> None:
    """Ports of the Pod on which nobody listens are one finding."""
    found = findings(replace(SOUND, listeners={25: True, 2525: False, 10993: False}))
    assert [(each.kind, each.message) for each in found] == [
        ("listener_closed", "In the mail server's Pod nobody listens on 2525, 10993.")
    ]


@pytest.mark.parametrize(
    ("reason", "ago", "expected"),
    [
        ("OOMKilled", 60, [("warning", "oom_killed")]),
        ("Error", 60, [("info", "restarted")]),
        ("OOMKilled", 7200, []),
    ],
)
def test_a_pod_that_was_started_again(reason: str, ago: float, expected: list[tuple[str, str]]) -> None:
    """A recent end is told, for memory as a warning; an old one is history."""
    container = replace(RUNNING, restarts=1, last_reason=reason, last_finished=NOW - ago)
    assert [(each.severity, each.kind) for each in findings(with_pod(containers=(container,)))] == expected


def test_the_cronjob() -> None:
    """Missing, suspended, or its last run failed, with the age of the last success."""
    cronjob = CronJob("email-roundtrip-monitor", "*/20 * * * *", last_success=NOW - 1200)
    failed = Job("run-2", OWNER, finished=NOW - 60, succeeded=False, reason="BackoffLimitExceeded")
    good = Job("run-1", OWNER, finished=NOW - 3600, succeeded=True)
    foreign = Job("backup", ("CronJob/backup",), finished=NOW, succeeded=False)
    assert keys(replace(SOUND, cronjobs=())) == [("info", "email-roundtrip-monitor", "cronjob_missing")]
    assert keys(replace(SOUND, cronjobs=(replace(cronjob, suspended=True),)))[0][2] == "cronjob_suspended"
    assert keys(replace(SOUND, cronjobs=(cronjob,), jobs=(good, foreign))) == []
    told = findings(replace(SOUND, cronjobs=(cronjob,), jobs=(good, failed)))
    assert [each.kind for each in told] == ["cronjob_failed"]
    assert "BackoffLimitExceeded" in told[0].message
    assert "last success 20 min ago" in told[0].message


def test_the_roundtrips_own_result_is_none_of_healths() -> None:
    """Whoever runs it asks /healthz why it failed; that it failed is no answer. A CronJob that is switched off is."""
    late = CronJob("email-roundtrip-monitor", "*/20 * * * *", last_schedule=NOW - 7200)
    failed = Job("run-2", OWNER, finished=NOW - 60, succeeded=False, reason="BackoffLimitExceeded")
    status = book(replace(SOUND, cronjobs=(late,), jobs=(failed,))).status(1.0, NOW)
    assert [each.kind for each in status.findings] == ["cronjob_overdue", "cronjob_failed"]
    assert status.health.status == "pass"
    assert not [check.name for check in status.health.checks if "email-roundtrip-monitor" in check.name]
    suspended = replace(SOUND, cronjobs=(replace(late, suspended=True),))
    assert book(suspended).status(1.0, NOW).health.status == "warn"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"last_schedule": NOW - 3601}, "(*/20 * * * *) was last started 60 min ago."),
        ({"last_schedule": NOW - 60, "last_success": NOW - 7200}, "has last succeeded 120 min ago."),
        ({"last_schedule": NOW - 3500, "last_success": NOW - 3500}, None),
        ({"schedule": "0 4 * * *", "last_schedule": NOW - 86_400}, None),
        ({"schedule": "0 4 * * 1", "last_schedule": NOW - 900_000}, None),
        ({}, None),
    ],
)
def test_a_cronjob_that_stays_away(changes: dict[str, object], words: str | None) -> None:
    """Three pauses without a start or a success are told; a schedule that is not plain is not judged."""
    cronjob = replace(CronJob("email-roundtrip-monitor", "*/20 * * * *"), **changes)  # type: ignore[arg-type]
    told = findings(replace(SOUND, cronjobs=(cronjob,)))
    assert [(each.severity, each.kind) for each in told] == ([] if words is None else [("warning", "cronjob_overdue")])
    assert words is None or told[0].message.endswith(words)


def test_a_volume_that_is_nearly_full() -> None:
    """From nine tenths on it is told, full it is critical; and it is evidence for whatever the pod is accused of."""
    used = {"/var/mail": 0.93, "/var/mail-state": 1.0, "/tmp": 0.89}  # noqa: S108 - a mount point
    told = findings(replace(SOUND, volumes=used))
    assert [(each.severity, each.subject, each.kind) for each in told] == [
        ("warning", "volume/var/mail", "volume_full"),
        ("critical", "volume/var/mail-state", "volume_full"),
    ]
    assert "/var/mail is 93% full" in told[0].message
    waiting = replace(with_pod(ready=False), volumes=used)
    evidence = book(waiting).status(1.0, NOW).diagnosis.evidence
    assert evidence[-1] == "fullest volume /var/mail-state: 100%"


def test_a_success_is_remembered_when_its_job_is_gone() -> None:
    """Jobs are swept away minutes after their end, and an old server tells of them nowhere else."""
    made = book(replace(SOUND, jobs=(Job("run-1", OWNER, finished=NOW - 600, succeeded=True),)))
    made.record(looked(SOUND, now=1.0))
    status = made.status(1.0, NOW).cluster
    assert status is not None
    assert status.last_success == NOW - 600


def test_an_api_that_does_not_answer_is_told_with_the_age_of_knowledge() -> None:
    """Down at once, and after a while too old to judge by; what was known is still shown."""
    made = book(with_pod(ready=False))
    made.record(looked(SOUND, Failure(Phase.API, Reason.TIMEOUT, "no answer"), now=20.0))
    status = made.status(20.0, NOW + 20)
    assert status.cluster is not None
    assert (status.cluster.up, status.cluster.stale) == (False, False)
    assert ("warning", "kubernetes_down") in {(each.severity, each.kind) for each in status.findings}
    made.record(looked(SOUND, Failure(Phase.API, Reason.TIMEOUT, "no answer"), now=40.0))
    all_well(made, 40.0)
    status = made.status(40.0, NOW + 40)
    assert status.cluster is not None
    assert status.cluster.stale
    assert status.cluster.known is not None
    assert [each.kind for each in status.findings] == ["kubernetes_down"]
    assert "is 40 s old" in status.findings[0].message
    assert status.health.status == "warn"


def test_a_selector_that_matches_no_node_is_no_soundness() -> None:
    """The API answers and names none: that the front door is fine does not make the path so."""
    made = all_well(PathBook(replace(plan(nodes=()), cluster=PLAN)))
    made.record(looked(replace(SOUND, nodes=())))
    status = made.status(1.0, NOW)
    assert (status.diagnosis.hop, status.diagnosis.evidence) == (Hop.MONITOR, ("nodes: the selector matches none",))
    assert status.health.status == "fail"


def test_rounds_that_end_no_more_are_noticed() -> None:
    """Silence of our own is no knowledge either."""
    made = book()
    all_well(made, 100.0)
    status = made.status(100.0, NOW + 100)
    assert status.cluster is not None
    assert (status.cluster.up, status.cluster.stale, status.cluster.cause) == (False, True, Reason.STALE)


def test_what_the_api_does_not_show_is_named() -> None:
    """A refusal is a gap, with the command that closes it."""
    made = book()
    made.record(replace(looked(), gaps={"pods": Failure(Phase.FOLLOW, Reason.PERMISSION_DENIED, "HTTP 403")}))
    found = made.status(1.0, NOW).findings
    assert [(each.subject, each.kind, str(each.remedy)) for each in found] == [
        ("pods", "kubernetes_gap", "mailpath rbac --namespace monitoring | kubectl apply -f -")
    ]


def test_without_a_kubernetes_block_there_is_nothing() -> None:
    """No finding, no status."""
    made = book()
    made.replan(replace(made.plan, cluster=None))
    made.record(looked())
    status = made.status(1.0, NOW)
    assert (status.cluster, status.findings) == (None, ())
