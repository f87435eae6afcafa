"""The rules of the diagnosis that look at ourselves: what we cannot see may be perfectly well."""

from collections.abc import Sequence

from monitor.core.conversation import Failure
from monitor.core.runbook import GATE, OWN_LOG, OWN_ROUTES, RBAC, READYZ, SSH_TRY
from monitor.core.status import EdgeStatus, TargetStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.evidence import FINE, Cause, Evidence, fresh, names, place, served_since, silent, targets
from monitor.verdict.rules_edge import shut


def nothing_known(evidence: Evidence) -> Cause | None:
    """No fresh result at all: we have just started, or we are stuck, or there is nothing to watch."""
    standing_by = evidence.plan.elected is False and not evidence.plan.targets
    if standing_by or fresh(evidence.targets):
        return None
    if evidence.unlisted is not None:
        return _unlisted(evidence.unlisted)
    return Cause("Nothing is known yet: no probe has ended, or none for too long.", remedy=OWN_LOG)


def nothing_answers(evidence: Evidence) -> Cause | None:
    """Nothing of the path and no edge answers: the fault is nearer to us than to them."""
    probed = evidence.targets
    if not silent(probed) or any(edge.ssh_up for edge in evidence.edges):
        return None
    return Cause(
        "Nothing of the path answers, no node and no edge: mailpath itself has lost the network.",
        evidence=(f"{len(fresh(probed))} targets silent",),
        remedy=OWN_ROUTES,
        explains=targets(probed).union(evidence.looks),
    )


def nodes_out_of_sight(evidence: Evidence) -> Cause | None:
    """No node answers us, and through the front door they serve: it is our own way to them that is cut."""
    lost = evidence.silenced()
    since = max((status.since or 0.0 for status in lost), default=0.0)
    serving = [door for door in evidence.front_doors if served_since(since, door)]
    if not lost or not serving:
        return None
    return Cause(
        "mailpath reaches no node, while clients do: its own way to them is cut.",
        evidence=(f"all ports of {names(s.target.node for s in lost)} silent", *map(_served, serving)),
        remedy=OWN_ROUTES,
        explains=targets((*evidence.handshakes, *evidence.checks)),
    )


def ssh_alone_fails(evidence: Evidence) -> Cause | None:
    """SSH fails while the front door is fine: we are blind in one eye, mail is not."""
    return _blind([edge for edge in _without_ssh(evidence) if _fine(evidence, edge)], "; mail does not need it")


def ssh_fails_too(evidence: Evidence) -> Cause | None:
    """SSH fails, and the front door is not fine, for whatever reason: that comes first, and this beside it.

    No row of the table: it explains nothing. An edge whose frontends are all closed is dead, SSH included.
    """
    lost = _without_ssh(evidence)
    return _blind([each for each in lost if not _fine(evidence, each) and not shut(evidence.doors_at(each.name))], "")


def partly_unknown(evidence: Evidence) -> Cause | None:
    """What is known is fine, and of some of it nothing is known: that is not soundness, nor anybody's fault but ours.

    No row of the table: at a start, after a reload, or beside a stuck probe a cause that is known says more.
    """
    unknown = evidence.unknown()
    if not unknown:
        return None
    remedy = OWN_LOG if evidence.unlisted is None else _unlisted(evidence.unlisted).remedy
    return Cause("What is known is fine, and not everything is known.", evidence=unknown, remedy=remedy)


def _unlisted(failure: Failure) -> Cause:
    return Cause(
        "Nothing is known yet: the Kubernetes API, which is to name the nodes, does not show them.",
        evidence=(f"kubernetes: {failure.reason}: {failure.detail}",),
        remedy=RBAC if failure.reason is Reason.PERMISSION_DENIED else READYZ,
    )


def _served(door: TargetStatus) -> str:
    return f"front_door {place(door)}: {door.verdict}"


def _without_ssh(evidence: Evidence) -> list[EdgeStatus]:
    blind = (edge for edge in evidence.looks.values() if edge.ssh_up is False or _first_word_only(edge))
    return sorted(blind, key=lambda edge: edge.ssh_up is not False)


def _first_word_only(edge: EdgeStatus) -> bool:
    """Whether SSH carries commands there, and the account's shell drops all but their first word."""
    return bool(edge.ssh_up) and edge.cause is Reason.ARGUMENTS_LOST


def _fine(evidence: Evidence, edge: EdgeStatus) -> bool:
    return all(door.verdict in FINE for door in evidence.doors_at(edge.name))


def _blind(edges: Sequence[EdgeStatus], consolation: str) -> Cause | None:
    if not edges:
        return None
    first = edges[0]
    shell = _first_word_only(first)
    why = "its account's login shell runs only the first word of a command" if shell else f"SSH fails ({first.reason})"
    return Cause(
        f"mailpath cannot look into the edge {names(edge.name for edge in edges)}: {why}{consolation}.",
        evidence=tuple(f"ssh {edge.name}: {edge.reason}" for edge in edges),
        remedy=GATE if shell else SSH_TRY.at(first.address),
    )
