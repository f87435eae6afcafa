"""Services and latency: where the time of a contact goes, how often it fails, what HAProxy says of its servers."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.frame import Row, board, choice, choices
from dashboards.panels import NAMED, About, Panel, Scale, bars, heat, lines, tiles, timeline
from dashboards.queries import PATH, PROBE, SERVICE, Query, buckets, now, of_path, quantile, rate
from dashboards.state_sets import SERVER_STATES
from dashboards.states import GREEN, ORANGE, RED, SERVER_MAPPINGS, YELLOW, either
from dashboards.tables import drift_table, tls_table
from monitor.core.taxonomy import Phase
from monitor.publish import catalogue
from monitor.publish.alerting.promql import select
from monitor.publish.alerting.thresholds import Thresholds

DURATION = catalogue.PROBE_DURATION
_PHASES = {
    Phase.CONNECT: "The kernel's own measure of the TCP handshake: the network, and nothing else.",
    Phase.GREETING: "Until the first line. 6 seconds are postscreen's greet wait at a first contact; 5 to 10 a "
    "resolver that does not answer smtpd.",
    Phase.TLS_HANDSHAKE: "The TLS handshake, after STARTTLS too.",
    Phase.EHLO: "The answer to EHLO: a server that is up and short of processes or CPU is late here.",
    Phase.PROOF: "The refused recipient that proves the client IP, where that is asked.",
    Phase.QUIT: "The orderly end.",
}


def services() -> Dashboard:
    """Build it."""
    return board(
        "Services and latency",
        "mailpath-services",
        "Where the time of a contact goes, phase by phase; how often rounds fail and why; what HAProxy says of its "
        "servers; certificates and roundtrip.",
        (
            Row("Where the time goes", [*_quantiles(), *_heat_maps()]),
            Row("Rounds", _rounds()),
            Row("HAProxy", _haproxy()),
            Row("Certificates, roundtrip, drift", _rest()),
        ),
        choices("service", "Service", select(catalogue.VERDICT, path=PATH), "service"),
        choice("probe", "Probe", _count_selector(), "probe", first="handshake"),
    )


def _count_selector() -> str:
    return select(catalogue.PROBES, path=PATH, probe=("=~", "check|handshake|front_door"))


def _quantiles() -> list[Panel]:
    phases = About(
        "95th percentile by phase",
        "Of the probe and services chosen above: 19 of 20 rounds were faster. The phase that grows is where to look.",
        12,
        8,
    )
    greeting = About(
        "95th percentile of the greeting, by service",
        "What a client waits for the first line, after the TLS handshake where that comes first.",
        12,
        8,
    )
    chosen = buckets(DURATION, ("phase",), path=PATH, probe=PROBE, service=SERVICE)
    greetings = buckets(DURATION, ("service",), path=PATH, probe=PROBE, service=SERVICE, phase=Phase.GREETING)
    return [
        lines(phases, Scale("s", least=0), Query(quantile(0.95, chosen), "{{phase}}")),
        lines(greeting, Scale("s", least=0), Query(quantile(0.95, greetings), "{{service}}")),
    ]


def _heat_maps() -> list[Panel]:
    return [
        heat(
            About(f"Phase {phase}", text, 8, 8),
            buckets(DURATION, path=PATH, probe=PROBE, service=SERVICE, phase=phase),
        )
        for phase, text in _PHASES.items()
    ]


def _rounds() -> list[Panel]:
    ended = About("Rounds a second, by result", "Probe rounds that have ended, of all probes.", 8, 7)
    failed = About(
        "Failed rounds, by phase and reason",
        "In which phase a round stood and why it could not go on. docs/reasons.md says what to do about each.",
        8,
        7,
        none="no round has failed",
    )
    since = About(
        "Since the last success",
        "Seconds since a round last succeeded, the oldest of each service. It should saw between 0 and the interval.",
        8,
        7,
    )
    results = rate(catalogue.PROBES, ("probe", "result"), path=PATH, service=SERVICE)
    failures = rate(catalogue.PROBE_FAILURES, ("probe", "phase", "reason"), path=PATH, service=SERVICE)
    last = of_path("min", catalogue.PROBE_LAST_SUCCESS, ("probe", "service"), probe=PROBE, service=SERVICE)
    return [
        bars(
            ended,
            Scale("ops"),
            Query(f"{results} > 0", "{{probe}} {{result}}"),
        ),
        bars(failed, Scale("ops"), Query(f"{failures} > 0", "{{probe}}: {{phase}}, {{reason}}")),
        lines(since, Scale("s", least=0), Query(f"time() - {last}", "{{service}}")),
    ]


def _haproxy() -> list[Panel]:
    state = About(
        "Servers, as HAProxy sees them",
        "srv_op_state of every server of the mail backends. A running server may still be dead for clients: compare "
        "the overview. A gap: the edge is blind.",
        24,
        13,
        "MailpathPoolThin",
    )
    sessions = About("Sessions", "Current sessions of each backend: real clients, and our front-door rounds.", 12, 7)
    failed = About(
        "Failed health checks",
        "Health checks that HAProxy lost while the server was up.",
        12,
        7,
        "MailpathPoolThin",
        "none",
    )
    scur = f"sum by (backend) ({of_path('max', catalogue.HAPROXY_BACKEND_SESSIONS, ('edge', 'backend', 'server'))})"
    losses = rate(catalogue.HAPROXY_SERVER_CHECK_FAILED, ("backend", "server"), path=PATH)
    return [
        timeline(state, SERVER_MAPPINGS, Query(SERVER_STATES, "{{server}} {{backend}}")),
        lines(sessions, Scale("short", least=0), Query(scur, "{{backend}}")),
        bars(failed, Scale("ops"), Query(f"{losses} > 0", "{{server}} {{backend}}")),
    ]


def _rest() -> list[Panel]:
    valid = About(
        "Certificates are valid for",
        "The shortest that is shown for a service, on any node or front door.",
        8,
        8,
        "MailpathCertificateExpiring",
    )
    trip = About("Roundtrip", "Whether the last message was found in its mailbox.", 3, 8, "MailpathRoundtripFailing")
    duration = About("Roundtrip takes", "From sending to finding, or to giving up.", 3, 8, "MailpathRoundtripStale")
    thresholds = Thresholds()
    steps = ((thresholds.certificate_critical, ORANGE), (thresholds.certificate_warning, GREEN))
    ends = of_path("min", catalogue.CERTIFICATE_NOT_AFTER, ("service",))
    return [
        tiles(valid, Scale("s", steps=steps, base=RED), now(f"{ends} - time()", "{{service}}"), text=NAMED),
        tiles(
            trip,
            Scale("none", either("arrived", "MISSING")),
            now(of_path("max", catalogue.ROUNDTRIP_SUCCESS, ("path",))),
        ),
        tiles(
            duration,
            Scale("s", steps=((60, YELLOW),), base=GREEN),
            Query(of_path("max", catalogue.ROUNDTRIP_DURATION, ("path",)), "roundtrip"),
            graph=True,
        ),
        tls_table(6, 8),
        drift_table(4, 8),
    ]
