"""Mail log and client origins: who comes, under which address the server sees them, and what the log complains of."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.frame import Row, board
from dashboards.panels import NAMED, About, Panel, Scale, bars, coloured, lines, tiles, timeline
from dashboards.queries import PATH, WINDOW, Query, growth, now, of_path, rate
from dashboards.states import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW, either
from monitor.core.verdicts import Origin
from monitor.publish import catalogue

_PROVEN = either("proven", "LOST")
_COLOURS = {
    Origin.EXTERNAL: GREEN,
    Origin.INTERNAL: BLUE,
    Origin.PROBE: GREY,
    Origin.EDGE: RED,
    Origin.CLUSTER: PURPLE,
    Origin.LOOPBACK: YELLOW,
    Origin.UNKNOWN: ORANGE,
}
_ORIGINS = (
    "external: from the internet. internal: the house's own. probe: ours. edge: a client whose address was lost, and "
    "who is seen under the edge's. cluster: a Pod's or node's address."
)


def mail_log() -> Dashboard:
    """Build it."""
    return board(
        "Mail log and client origins",
        "mailpath-mail-log",
        "Who comes, under which address the mail server sees them, and what its log complains of.",
        (
            Row("The log itself", _log()),
            Row("Who comes", _origins()),
            Row("Client IP, node by node", _proofs()),
            Row("What the log complains of", _problems()),
        ),
    )


def _log() -> list[Panel]:
    up = About("Mail log", "Whether its source can be read.", 4, 5, "MailpathMaillogBlind")
    lag = About("Lag", "Age of the newest line when it was read.", 4, 5, "MailpathMaillogBlind")
    lost = About(
        "Clients seen as the edge",
        "Connections in the time chosen whose client the server takes for the edge: their IP is lost. Must be 0.",
        4,
        5,
        "MailpathClientIpLost",
    )
    ours = About(
        "Self-inflicted problems",
        "Problem lines in the time chosen that carry our own probes' addresses. Must be 0.",
        4,
        5,
        "MailpathSelfInflicted",
    )
    refused = About(
        "What must be refused",
        "The relay canary, and the header probes where they are switched on: refused, as it should be, or accepted.",
        4,
        5,
        "MailpathOpenRelay",
        "not tried yet",
    )
    lines_read = About("Lines a second", "Lines read, and those that say nothing about the mail path.", 4, 5)
    none_allowed = Scale("short", steps=((1, RED),), decimals=0)
    return [
        tiles(up, Scale("none", either("read", "CUT")), now(of_path("min", catalogue.MAILLOG_UP, ("path",)))),
        tiles(
            lag,
            Scale("s", steps=((30, YELLOW), (120, RED)), decimals=1),
            Query(of_path("min", catalogue.MAILLOG_LAG, ("path",)), "lag"),
            graph=True,
        ),
        tiles(lost, none_allowed, now(growth(catalogue.MAILLOG_CONNECTIONS, ("path",), "$__range", origin="edge"))),
        tiles(ours, none_allowed, now(growth(catalogue.SELF_INFLICTED_PROBLEMS, ("path",), "$__range"))),
        tiles(
            refused,
            Scale("none", either("refused", "ACCEPTED")),
            now(of_path("min", catalogue.NEGATIVE_PROBE_REFUSED, ("probe",)), "{{probe}}"),
        ),
        lines(
            lines_read,
            Scale("cps", least=0),
            Query(rate(catalogue.MAILLOG_LINES, ("path",), path=PATH), "read"),
            Query(rate(catalogue.MAILLOG_LINES_UNRECOGNISED, ("path",), path=PATH), "say nothing"),
        ),
    ]


def _origins() -> list[Panel]:
    by_origin = About("Connections by origin", _ORIGINS, 12, 9, "MailpathClientIpLost")
    external = About(
        "Clients from outside, by listener",
        "Connections whose client address is a public one. The PROXY listeners 2525, 4465, 5587 and 10993 are where "
        "they belong.",
        12,
        9,
        "MailpathNoExternalClients",
    )
    since = About(
        "Since the last client from outside",
        "The listener's port, and how long ago a client from outside was last seen there.",
        24,
        5,
        "MailpathNoExternalClients",
        "none seen yet",
    )
    connections = catalogue.MAILLOG_CONNECTIONS
    last = of_path("max", catalogue.MAILLOG_LAST_CONNECTION, ("listener",), origin="external")
    origins = bars(by_origin, Scale("short"), Query(f"{growth(connections, ('origin',), WINDOW)} > 0", "{{origin}}"))
    return [
        coloured(origins, {str(origin): colour for origin, colour in _COLOURS.items()}),
        bars(
            external,
            Scale("short"),
            Query(f"{growth(connections, ('listener',), WINDOW, origin='external')} > 0", "{{listener}}"),
        ),
        tiles(
            since,
            Scale("s", steps=((3600, YELLOW), (6 * 3600, ORANGE))),
            now(f"time() - {last}", "{{listener}}"),
            text=NAMED,
        ),
    ]


def _proofs() -> list[Panel]:
    texts = {
        "log": "What the mail log says of the rounds whose address we claimed; a front door stands under its edge.",
        "reply": "What the server itself replies: it names the client that it refuses. Rarely, as it leaves a line.",
    }
    return [
        timeline(
            About(f"Proof by {evidence}", text, 12, 15, "MailpathClientIpLost"),
            _PROVEN,
            Query(
                of_path("min", catalogue.CLIENT_IP_RECOVERED, ("node", "service"), evidence=evidence),
                "{{node}} {{service}}",
            ),
        )
        for evidence, text in texts.items()
    ]


def _problems() -> list[Panel]:
    deferred = About(
        "Messages deferred",
        "Accepted, and waiting for a mailbox or filter of our own, as far as the log tells. It should be 0.",
        8,
        9,
        "MailpathMailServerDown",
        "none",
    )
    problems = About(
        "Problems in the log",
        "Lines that tell of a problem, by kind: getpeername and servname_fatal are those of the PROXY health checks, "
        "throttling is Postfix giving up for a minute, edge_check_noise and kubelet_probe are harmless.",
        16,
        9,
        "MailpathMailServerDown",
        "no problem",
    )
    messages = of_path("max", catalogue.MAILLOG_DEFERRED_MESSAGES, ("path",))
    return [
        bars(
            problems,
            Scale("short"),
            Query(f"{growth(catalogue.MAILLOG_PROBLEMS, ('problem',), WINDOW)} > 0", "{{problem}}"),
        ),
        lines(deferred, Scale("short", least=0, decimals=0), Query(messages, "waiting")),
    ]
