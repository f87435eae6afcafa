"""Healthy paths of which everything is known: with and without edge, mail log and cluster."""

from collections.abc import Mapping
from dataclasses import replace

from monitor.core.status import PathStatus
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import PathPlan
from tests.verdict import kube_build
from tests.verdict.build import EDGE, plan
from tests.verdict.scene import MINUTE, SECOND_EDGE, Scene

AT = 1_000_000.0
KNOWN: Mapping[str, PathPlan] = {
    "one edge": plan(),
    "one edge, with its cluster": kube_build.path_plan(),
    "two edges": plan(edges=[EDGE, SECOND_EDGE]),
    "an edge by IPv6, without a stats socket": plan(edges=[replace(EDGE, address="2001:db8::1", asks_haproxy=False)]),
    "no edge, no mail log": plan(edges=(), maillog=None),
}


def play(book: PathBook, scene: Scene, start: int, minutes: int) -> PathStatus:
    """Let a scene last on a path, its cluster sound; give the status at its end."""
    if minutes > 1:
        scene.play(minutes - 1, start=start, book=book)
    if book.plan.cluster is not None:
        book.record(kube_build.looked(now=(start + minutes) * MINUTE))
    return scene.play(1, start=start + minutes - 1, book=book)
