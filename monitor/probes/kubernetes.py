"""``kubernetes``: what the API shows of the mail server, and whether its pod's ports listen.

Collections are followed by list and watch. Objects that may be read by name only (the Deployment, and ConfigMaps, of
which a namespace has some that hold secrets) are asked for in rounds, which also prove that the API is alive.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple

from monitor.core.conversation import Failure
from monitor.core.errors import LinkError
from monitor.core.kube import Cluster, Deployment, Pod, SecretCertificate
from monitor.core.observations import KubernetesObservation, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links import certificate
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.links.kube_api import StatusError
from monitor.links.kube_exec import KubeExec
from monitor.links.kube_watch import Listing, Patience
from monitor.probes import kubernetes_objects
from monitor.probes.kubernetes_objects import KubernetesSettings
from monitor.wire import files, kube
from monitor.wire.mail_config import declared_listeners
from monitor.wire.sockets import listening_ports, proc_ports

# Each port of a pod is tried this long (seconds); it is near, or not to be reached at all.
CONNECT_TIMEOUT = 2.0
# A mail server has one Pod; more are seen while one replaces the other.
MOST_PODS = 3

# Of a failed Job's log, in bytes.
LONGEST_WORDS = 512

# What the kernel knows, where the image has no program to tell it.
PROC = ("cat", "/proc/net/tcp", "/proc/net/tcp6")

# Refusals that concern one object, and say that the API is well.
_OF_THE_OBJECT = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class Answers(NamedTuple):
    """What one round brought.

    Documents by what they are, connects by port, or the ports that a container shows; last lines of failed Jobs; how
    full the container's volumes are, by mount point.
    """

    documents: Mapping[str, Mapping[str, Any] | LinkError]
    connects: Mapping[int, Sequence[ConnectResult]]
    inside: frozenset[int] | LinkError | None = None
    last_words: Mapping[str, str] = {}
    volumes: Mapping[str, float] = {}


class Kubernetes:
    """Looks at one mail server's cluster; remembers what its collections last held."""

    def __init__(self, settings: KubernetesSettings, connector: Connector, patience: Patience | None = None) -> None:
        """Connect to nothing yet."""
        self.settings = settings
        self._connector = connector
        self._api = KubeExec(settings.kubeconfig, timeout=settings.timeout)
        self._listings: dict[str, Listing[Any]] = {}
        self._documents = kubernetes_objects.documents(settings)
        self._cluster = Cluster()
        self.watches = kubernetes_objects.watches(settings, patience)

    def take(self, what: str, listing: Listing[Any]) -> None:
        """Remember what a collection holds now."""
        self._listings[what] = listing
        known = listing.failure is None or listing.items or getattr(self._cluster, what) is not None
        if known:
            held: dict[str, Any] = {what: listing.items}
            self._cluster = replace(self._cluster, **held)

    @property
    def begun(self) -> bool:
        """Whether every collection was read once, or could not be."""
        return self._listings.keys() == self.watches.keys()

    async def run(self) -> Answers:
        """Do one round; a failure of the API itself ends it."""
        documents: dict[str, Mapping[str, Any] | LinkError] = {}
        for what, path in self._documents.items():
            try:
                documents[what] = await self._api.get(path)
            except LinkError as error:
                documents[what] = error
                if not _of_the_object(error):
                    await self._api.close()
                    break
        pods = _reachable(replace(self._cluster, deployment=_deployment(documents.get("deployment"))))
        words = await self._last_words()
        if self.settings.container is not None:
            inside = await self._inside(pods, self.settings.container)
            return Answers(documents, {}, inside, words, await self._volumes(pods, self.settings.container))
        return Answers(documents, await self._connects(pods), last_words=words)

    async def close(self) -> None:
        """Hang up."""
        await self._api.close()
        for watch in self.watches.values():
            await watch.close()

    def judge(self, answers: Answers, span: Span) -> KubernetesObservation:
        """Say what is known after a round."""
        gaps = {
            what: Failure(Phase.FOLLOW, listing.failure.reason, listing.failure.detail)
            for what, listing in self._listings.items()
            if listing.failure is not None
        }
        failure = None
        for what, answer in answers.documents.items():
            if isinstance(answer, LinkError):
                said = Failure(Phase.API, answer.reason, answer.detail)
                if not _of_the_object(answer):
                    failure = said
                elif answer.reason is Reason.PERMISSION_DENIED:
                    gaps[what] = said
        if isinstance(answers.inside, LinkError):
            gaps["listeners"] = Failure(Phase.COMMAND, answers.inside.reason, answers.inside.detail)
        if failure is None:
            self._learn(answers)
        return KubernetesObservation(
            path=self.settings.path,
            started=span.started,
            finished=span.finished,
            at=span.at,
            cluster=self._cluster,
            failure=failure,
            gaps=gaps,
            durations={Phase.API: span.finished - span.started},
        )

    def _learn(self, answers: Answers) -> None:
        documents = answers.documents
        declared: dict[str, Mapping[int, bool] | None] = {}
        for name, key in self.settings.config_maps:
            answer = documents.get(kubernetes_objects.config_map(name))
            if isinstance(answer, LinkError):
                if answer.reason is Reason.NOT_FOUND:
                    declared[name] = None
            elif answer is not None:
                text = kube.config_text(answer, key)
                declared[name] = None if text is None else declared_listeners(key, text)
        certificates: dict[str, SecretCertificate | None] = {}
        if (secret := self.settings.certificate_secret) is not None:
            answer = documents.get(kubernetes_objects.secret(secret))
            if answer is not None and not isinstance(answer, LinkError):
                certificates[secret] = _certificate(answer)
            elif answer is not None and answer.reason is Reason.NOT_FOUND:
                certificates[secret] = None
        self._cluster = replace(
            self._cluster,
            certificates=certificates,
            deployment=_deployment(documents.get("deployment")),
            config_maps=declared,
            listeners=_listening(answers.connects, answers.inside, self.settings.ports),
            last_words=answers.last_words,
            volumes=answers.volumes,
        )

    async def _last_words(self) -> Mapping[str, str]:
        """Give the last line of the CronJob's last run, where it failed; the Job and its Pod go minutes later."""
        last = next(reversed(self._cluster.runs(self.settings.cronjob)), None)
        if last is None or last.succeeded is not False:
            return {}
        known = self._cluster.last_words.get(last.name)
        pod = next((pod for pod in self._cluster.pods or () if f"Job/{last.name}" in pod.owners), None)
        if known is not None or pod is None:
            return {last.name: known or ""}
        path = f"/api/v1/namespaces/{self.settings.namespace}/pods/{pod.name}/log"
        try:
            log = await self._api.stream(path, (("tailLines", "1"), ("limitBytes", str(LONGEST_WORDS))))
            try:
                line = await log.read(LONGEST_WORDS)
            finally:
                log.close()
        except LinkError:
            return {}
        return {last.name: line.decode(errors="replace").strip()}

    async def _inside(self, pods: Sequence[Pod], container: str) -> frozenset[int] | LinkError | None:
        """Give the ports on which somebody listens in the newest pod."""
        if not pods:
            return None
        pod = f"/api/v1/namespaces/{self.settings.namespace}/pods/{pods[-1].name}"
        try:
            try:
                return listening_ports((await self._api.run(pod, container, ("ss", "-ltn"))).decode(errors="replace"))
            except LinkError as error:
                # an image need not have it
                if error.reason is not Reason.COMMAND_FAILED:
                    raise
            return proc_ports((await self._api.run(pod, container, PROC)).decode(errors="replace"))
        except LinkError as error:
            return error

    async def _volumes(self, pods: Sequence[Pod], container: str) -> Mapping[str, float]:
        """Give how full the newest pod's volumes are; nothing where it does not tell."""
        if not pods:
            return {}
        pod = f"/api/v1/namespaces/{self.settings.namespace}/pods/{pods[-1].name}"
        try:
            return files.volumes((await self._api.run(pod, container, files.DF)).decode(errors="replace"))
        except LinkError:
            return {}

    async def _connects(self, pods: Sequence[Pod]) -> Mapping[int, list[ConnectResult]]:
        asked = [(pod.address, port) for pod in pods for port in self.settings.ports]
        terms, connect = Terms(CONNECT_TIMEOUT, silent=True), self._connector.connect
        results: dict[int, list[ConnectResult]] = {}
        for (_, port), result in zip(
            asked, await asyncio.gather(*(connect(*each, terms) for each in asked)), strict=True
        ):
            results.setdefault(port, []).append(result)
        return results


def _of_the_object(error: LinkError) -> bool:
    """Tell whether the API itself has refused, and not the network, nor a kubeconfig that is missing."""
    return isinstance(error, StatusError) and error.status in _OF_THE_OBJECT


def _certificate(document: Mapping[str, Any]) -> SecretCertificate | None:
    """Give what is compared of a Secret's certificate; nothing else of the Secret is kept."""
    der = kube.certificate(document)
    return None if der is None else SecretCertificate(certificate.fingerprint(der), certificate.not_after(der))


def _deployment(answer: Mapping[str, Any] | LinkError | None) -> Deployment | None:
    return None if answer is None or isinstance(answer, LinkError) else kube.deployment(answer)


def _reachable(cluster: Cluster) -> list[Pod]:
    """Give the pods whose ports should listen: the ready ones, or where none is those that run at all."""
    running = [pod for pod in cluster.mail_pods if pod.phase == "Running" and pod.address and not pod.leaving]
    return ([pod for pod in running if pod.ready] or running)[-MOST_PODS:]


def _listening(
    connects: Mapping[int, Sequence[ConnectResult]], inside: frozenset[int] | LinkError | None, ports: Sequence[int]
) -> Mapping[int, bool]:
    """Give whether each port listens, in every pod; nothing where no pod gives any answer: it is out of our reach."""
    if isinstance(inside, frozenset):
        return {port: port in inside for port in ports}
    if not any(result.answered for results in connects.values() for result in results):
        return {}
    return {port: all(result.ok for result in results) for port, results in connects.items()}
