"""What the Kubernetes API shows of a mail server: of each object only what a judgement needs.

Times are seconds since the epoch; ``None`` stands for what an object does not say. States and reasons are Kubernetes'
own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KubeNode:
    """A Node: its InternalIP addresses, the first one the primary; ``ready`` is ``None`` when nobody knows.

    ``pressures`` are the conditions that hold and should not (``DiskPressure``).
    """

    name: str
    addresses: tuple[str, ...]
    ready: bool | None
    cordoned: bool = False
    pressures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; ``target`` is a number or the name of a container's port, ``node_port`` 0 without one."""

    name: str
    port: int
    target: int | str
    node_port: int = 0


@dataclass(frozen=True, slots=True)
class KubeService:
    """A Service."""

    name: str
    type: str
    external_traffic_policy: str = ""
    load_balancers: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """Ports of a Service, by name, and how many ready endpoints stand behind them."""

    name: str
    service: str
    ports: Mapping[str, int | None] = field(default_factory=dict)
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a Pod.

    ``state`` is ``running``, ``waiting`` or ``terminated``, ``reason`` and ``message`` say why (``CrashLoopBackOff``).
    ``last_reason`` tells how the instance before it ended (``OOMKilled``), ``last_finished`` when.
    """

    name: str
    ready: bool
    restarts: int
    state: str
    reason: str = ""
    message: str = ""
    last_reason: str = ""
    last_exit: int | None = None
    last_finished: float | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod; ``leaving`` once it is deleted and still there; ``reason`` as for an evicted or unschedulable one."""

    name: str
    phase: str
    node: str = ""
    address: str = ""
    ready: bool = False
    leaving: bool = False
    created: float | None = None
    reason: str = ""
    message: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    containers: tuple[Container, ...] = ()

    @property
    def restarts(self) -> int:
        """How often its containers were started again."""
        return sum(container.restarts for container in self.containers)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment; ``selector`` are the labels of its Pods, ``rolling`` while a new version replaces the old one."""

    name: str
    selector: Mapping[str, str]
    wanted: int
    available: int
    rolling: bool = False
    reason: str = ""
    message: str = ""

    def owns(self, pod: Pod) -> bool:
        """Whether a Pod is one of its own."""
        return bool(self.selector) and self.selector.items() <= pod.labels.items()


@dataclass(frozen=True, slots=True)
class CronJob:
    """A CronJob; ``last_success`` only where the server is new enough to tell it."""

    name: str
    schedule: str
    suspended: bool = False
    last_schedule: float | None = None
    last_success: float | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A Job; ``succeeded`` is ``None`` while it runs, ``finished`` the time of its end."""

    name: str
    owners: tuple[str, ...] = ()
    started: float | None = None
    finished: float | None = None
    succeeded: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecretCertificate:
    """The certificate that a Secret holds: its SHA-256 in hexadecimal, and its end; the key beside it is not kept."""

    fingerprint: str
    not_after: float | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that is known of one mail server's cluster; ``None``: not looked at, not read yet, or not allowed.

    ``config_maps`` are the listeners that ConfigMaps declare, by port and whether a PROXY header is expected there
    (``None``: there is no such ConfigMap, or not that key in it); the texts, which may hold secrets, are not kept.
    ``listeners`` the pod's ports, by whether somebody listens there, ``last_words`` last lines of logs by failed Jobs.
    ``certificates`` are what Secrets hold (``None``: no such Secret, or no certificate in it), ``volumes`` the used
    shares (0 to 1) of the pod's volumes by mount point, as far as one may look inside.
    """

    nodes: tuple[KubeNode, ...] | None = None
    services: tuple[KubeService, ...] | None = None
    slices: tuple[EndpointSlice, ...] | None = None
    pods: tuple[Pod, ...] | None = None
    cronjobs: tuple[CronJob, ...] | None = None
    jobs: tuple[Job, ...] | None = None
    deployment: Deployment | None = None
    config_maps: Mapping[str, Mapping[int, bool] | None] = field(default_factory=dict)
    listeners: Mapping[int, bool] = field(default_factory=dict)
    last_words: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, SecretCertificate | None] = field(default_factory=dict)
    volumes: Mapping[str, float] = field(default_factory=dict)

    def runs(self, cronjob: str) -> tuple[Job, ...]:
        """Return the ended Jobs of a CronJob, the newest last."""
        own = [job for job in self.jobs or () if f"CronJob/{cronjob}" in job.owners and job.finished is not None]
        return tuple(sorted(own, key=lambda job: (job.finished or 0.0, job.name)))

    @property
    def mail_pods(self) -> tuple[Pod, ...]:
        """The mail server's Pods, those that leave included; the newest last."""
        if self.deployment is None:
            return ()
        own = [pod for pod in self.pods or () if self.deployment.owns(pod)]
        return tuple(sorted(own, key=lambda pod: (pod.created or 0.0, pod.name)))
