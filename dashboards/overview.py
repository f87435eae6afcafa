"""Mail path overview: is it broken, where, since when, for whom, and is the client IP still seen?"""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.frame import Row, board
from dashboards.panels import NAMED, About, Panel, Scale, lines, tiles, timeline
from dashboards.queries import Query, now, of_path, recorded
from dashboards.state_sets import AGREEMENT, DIAGNOSIS, DOOR_VERDICTS, NODE_VERDICTS
from dashboards.states import (
    AGREEMENT_MAPPINGS,
    GREEN,
    GREY,
    HOP_MAPPINGS,
    ORANGE,
    RED,
    VERDICT_MAPPINGS,
    YELLOW,
    either,
)
from dashboards.tables import alerts_table
from monitor.publish import catalogue
from monitor.publish.alerting.lists import SERVED
from monitor.publish.alerting.objective import BURNS, share_of
from monitor.publish.alerting.thresholds import Thresholds

OBJECTIVE = Thresholds().objective
_ALLOWED = f"{1 - OBJECTIVE:.6g}"
_ALLOWED_MINUTES = round(30 * 24 * 60 * (1 - OBJECTIVE))
_PROVEN = either("proven", "LOST")


def overview() -> Dashboard:
    """Build it."""
    return board(
        "Mail path overview",
        "mailpath-overview",
        "One mail path at one look: the hop that is broken, who cannot use what, and whether the mail server still "
        "sees the real client IP.",
        (
            Row("Now", _now()),
            Row("The path, as mail goes", _picture()),
            Row("Since when", _history()),
            Row("From outside", _outside()),
            Row(f"Service level: {OBJECTIVE:.0%} of the time usable", _objective()),
        ),
    )


def _now() -> list[Panel]:
    diagnosis = About(
        "Diagnosis",
        "The one hop in which the cause lies. What it means, and the command to run next: the status page, and the "
        "runbook's page of the alert.",
        6,
        5,
    )
    served = About(
        "Usable for clients",
        "Whether a client can use the service now: through a front door, or, where none is watched, on any node.",
        10,
        5,
        "MailpathMailServerDown",
    )
    return [
        tiles(diagnosis, Scale("none", HOP_MAPPINGS), now(DIAGNOSIS)),
        tiles(served, Scale("none", either("usable", "DOWN")), now(recorded(SERVED), "{{service}}"), text=NAMED),
        alerts_table(8, 5),
    ]


def _picture() -> list[Panel]:
    """Draw the path from left to right: a tile a hop."""

    def hop(name: str, text: str, page: str, scale: Scale, expr: str) -> Panel:
        return tiles(About(name, text, 3, 4, page, "not seen"), scale, now(expr))

    def least(yes: str, no: str) -> Scale:
        return Scale("none", either(yes, no), base=GREY)

    verdicts = Scale("none", VERDICT_MAPPINGS, base=GREY)
    return [
        hop(
            "NAT →",
            "Whether every redirect of a mail port leads to the edge's own address.",
            "MailpathNatAstray",
            least("to the edge", "ASTRAY"),
            of_path("min", catalogue.NAT_REDIRECT_OK, ("path",)),
        ),
        hop(
            "Edge →",
            "Whether the edge's host answers over SSH. If it alone is silent, mail may well flow.",
            "MailpathEdgeDown",
            least("answers", "SILENT"),
            of_path("min", catalogue.EDGE_UP, ("path",)),
        ),
        hop(
            "HAProxy →",
            "Whether HAProxy's stats socket answers; silent too while SSH is down.",
            "MailpathHaproxyDown",
            least("answers", "SILENT"),
            of_path("min", catalogue.HAPROXY_UP, ("path",)),
        ),
        hop(
            "Front door →",
            "The worst verdict of the edge's own frontends, spoken to as any client would.",
            "MailpathBackendBroken",
            verdicts,
            f"max({DOOR_VERDICTS})",
        ),
        hop(
            "Nodes →",
            "The worst verdict of the PROXY handshakes with the data NodePorts of every node.",
            "MailpathNodePortBroken",
            verdicts,
            f"max({NODE_VERDICTS})",
        ),
        hop(
            "Listeners →",
            "Whether all eight ports of the mail server's Pod listen; not seen where no cluster is configured.",
            "MailpathListenerDown",
            least("open", "CLOSED"),
            of_path("min", catalogue.LISTENER_UP, ("path",)),
        ),
        hop(
            "Client IP →",
            "Whether the mail server saw the address that our PROXY header named, by every reply and every log line.",
            "MailpathClientIpLost",
            Scale("none", _PROVEN, base=GREY),
            of_path("min", catalogue.CLIENT_IP_RECOVERED, ("path",)),
        ),
        hop(
            "Mailbox",
            "Whether the message of the last roundtrip was found in its mailbox; not seen before the first.",
            "MailpathRoundtripFailing",
            least("arrived", "MISSING"),
            of_path("max", catalogue.ROUNDTRIP_SUCCESS, ("path",)),
        ),
    ]


def _history() -> list[Panel]:
    hop = About("Broken hop", "The diagnosis over time.", 24, 4)
    verdicts = About(
        "Verdict of every service on every node",
        "What our PROXY handshakes say: one verdict at a time. A block of one service is its listener, a block of one "
        "node is the node.",
        12,
        15,
    )
    agreement = About(
        "HAProxy's view against the handshake",
        "Whether HAProxy's opinion of a server is that of our own handshake with it, line by line as on the left. "
        "'HAProxy up, path down' sends clients into the void; 'HAProxy down, path up' wastes a good server.",
        12,
        15,
        "MailpathPoolThin",
    )
    return [
        timeline(hop, HOP_MAPPINGS, Query(DIAGNOSIS, "diagnosis")),
        timeline(verdicts, VERDICT_MAPPINGS, Query(NODE_VERDICTS, "{{node}} {{service}}")),
        timeline(agreement, AGREEMENT_MAPPINGS, Query(AGREEMENT, "{{node}} {{service}}")),
    ]


def _outside() -> list[Panel]:
    doors = About("Verdict at the front door", "What a client of the edge's own frontends meets.", 12, 8)
    proof = About(
        "Client IP proof",
        "Whether the mail server saw the address that it should see: in a reply to us, or in its log; nodes and front "
        "door together. A gap: certain in neither direction.",
        12,
        8,
        "MailpathClientIpLost",
    )
    seen = of_path("min", catalogue.CLIENT_IP_RECOVERED, ("service", "evidence"))
    return [
        timeline(doors, VERDICT_MAPPINGS, Query(DOOR_VERDICTS, "{{edge}} {{service}}")),
        timeline(proof, _PROVEN, Query(seen, "{{service}}, by {{evidence}}")),
    ]


def _objective() -> list[Panel]:
    share = About(
        "Usable, in the time chosen",
        "The share of the time chosen above in which clients could use the service; what is not known does not count.",
        8,
        7,
        "MailpathBudgetBurning",
    )
    left = About(
        "Budget left, of 30 days",
        f"What is left of the {_ALLOWED_MINUTES} minutes of outage that {OBJECTIVE:.0%} allows in 30 days. Below zero: "
        "the objective is missed.",
        8,
        7,
        "MailpathBudgetBurning",
    )
    burn = About(
        "Burn rate",
        "How many times faster than allowed the budget is used up; 1 uses it up in just 30 days. The dashed lines are "
        "where the alerts begin, each over two windows.",
        8,
        7,
        "MailpathBudgetBurning",
    )
    # In minutes, as far as anybody was watching: of a young Prometheus one bad hour is not one of every three.
    lost = f"sum_over_time((1 - {recorded(SERVED)})[30d:1m])"
    shares = Scale("percentunit", steps=((OBJECTIVE, YELLOW), (1 - (1 - OBJECTIVE) / 2, GREEN)), decimals=2, base=RED)
    budget = Scale("percentunit", steps=((0, ORANGE), (0.25, YELLOW), (0.5, GREEN)), decimals=0, base=RED)
    page, warning = BURNS[:2]
    factors = Scale("short", steps=((warning.factor, ORANGE), (page.factor, RED)))
    return [
        tiles(share, shares, now(f"avg_over_time({recorded(SERVED)}[$__range])", "{{service}}"), text=NAMED),
        tiles(left, budget, now(f"1 - {lost} / {_ALLOWED_MINUTES}", "{{service}}"), text=NAMED),
        lines(burn, factors, Query(f"(1 - {recorded(share_of('1h'))}) / {_ALLOWED}", "{{service}}, over an hour")),
    ]
