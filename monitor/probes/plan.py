"""By what a path is judged: the plan of its book, made of the settings and of what is watched."""

from collections.abc import Sequence

from monitor.config.settings import PathSettings
from monitor.probes import edge, ipv6_header
from monitor.probes.claim import claimed_destinations, claimed_listeners, front_door_sources, origin_networks
from monitor.probes.watch import Watch
from monitor.verdict.plan import ClusterPlan, HealthRule, NegativePlan, PathPlan, TargetPlan


def plan_of(
    path: PathSettings, watches: Sequence[Watch], cluster: ClusterPlan | None = None, *, elected: bool | None = None
) -> PathPlan:
    """Make the plan of a path; ``elected`` is false where another replica leads, ``None`` without an election."""
    plans = [watch.plan for watch in watches]
    reads_log = path.maillog is not None
    return PathPlan(
        name=path.name,
        nodes=path.known_nodes,
        services=path.services,
        targets=tuple(plan for plan in plans if isinstance(plan, TargetPlan)),
        edges=tuple(edge.plan(path, each) for each in path.edges),
        maillog_source=next(iter(path.maillog.sources), None) if path.maillog is not None else None,
        health=HealthRule(path.healthz.require.services, path.healthz.require.healthy_nodes),
        networks=origin_networks(path, front_door_sources(path) if reads_log else ()),
        claims=claimed_listeners(path) if reads_log else {},
        destinations=claimed_destinations(path),
        negatives=tuple(plan for plan in plans if isinstance(plan, NegativePlan)),
        ipv6=ipv6_header.plan(path, {watch.target for watch in watches}),
        roundtrip_interval=path.roundtrip.expected_interval if path.roundtrip is not None else None,
        elected=elected,
        cluster=cluster,
        wan_silence=path.maillog.wan_silence if path.maillog is not None else None,
    )
