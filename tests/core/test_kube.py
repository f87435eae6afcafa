"""The cluster: which Pods are the mail server's, and which Jobs are a CronJob's."""

from dataclasses import replace

from monitor.core.kube import Cluster, Container, Deployment, Job, Pod

MAIL = Deployment("mailserver", {"app": "mailserver"}, wanted=1, available=1)
POD = Pod("mailserver-1", "Running", labels={"app": "mailserver", "pod-template-hash": "abc"}, created=100.0)


def test_a_deployment_owns_the_pods_that_carry_all_its_labels() -> None:
    """Further labels do not matter, a missing one does."""
    assert MAIL.owns(POD)
    assert not MAIL.owns(replace(POD, labels={"app": "webmail"}))
    assert not replace(MAIL, selector={"app": "mailserver", "tier": "front"}).owns(POD)


def test_a_deployment_without_a_selector_owns_nothing() -> None:
    """The empty selector would match every Pod of the namespace."""
    assert not replace(MAIL, selector={}).owns(POD)


def test_a_pods_restarts_are_those_of_all_its_containers() -> None:
    """A sidecar counts too."""
    containers = tuple(
        Container(name, ready=True, restarts=count, state="running") for name, count in (("a", 2), ("b", 1))
    )
    assert replace(POD, containers=containers).restarts == 3
    assert POD.restarts == 0


def test_the_mail_servers_pods_come_with_the_newest_last() -> None:
    """One whose age is unknown comes first; those of other Deployments do not count."""
    young, ageless = replace(POD, name="mailserver-2", created=200.0), replace(POD, name="mailserver-0", created=None)
    other = replace(POD, name="webmail-1", labels={"app": "webmail"})
    cluster = Cluster(pods=(young, other, POD, ageless), deployment=MAIL)
    assert cluster.mail_pods == (ageless, POD, young)


def test_without_a_deployment_or_pods_there_are_no_mail_pods() -> None:
    """Not read yet, or not allowed: nothing is guessed."""
    assert Cluster(pods=(POD,)).mail_pods == ()
    assert Cluster(deployment=MAIL).mail_pods == ()


def test_a_cronjobs_runs_are_its_ended_jobs_with_the_newest_last() -> None:
    """A Job that still runs has no result, and another CronJob's Job is not counted."""
    first = Job("roundtrip-1", ("CronJob/roundtrip",), finished=100.0, succeeded=True)
    second = replace(first, name="roundtrip-2", finished=200.0, succeeded=False)
    running = replace(first, name="roundtrip-3", finished=None, succeeded=None)
    backup = replace(first, name="backup-1", owners=("CronJob/backup",))
    assert Cluster(jobs=(second, running, backup, first)).runs("roundtrip") == (first, second)
    assert Cluster().runs("roundtrip") == ()
