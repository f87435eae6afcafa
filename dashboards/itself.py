"""mailpath itself: does it keep its beat, what does it cost, and may what it says be believed?"""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.frame import Row, board
from dashboards.panels import NAME, About, Panel, Scale, bars, heat, lines, tiles, timeline
from dashboards.queries import WINDOW, Query, buckets, each_replica, now, process, quantile
from dashboards.states import GREEN, ORANGE, RED, YELLOW, either
from monitor.publish import catalogue
from monitor.publish.alerting.promql import aggregate, select
from monitor.publish.families import Family

_MIB = 2**20


def itself() -> Dashboard:
    """Build it."""
    return board(
        "mailpath itself",
        "mailpath-itself",
        "Whether mailpath keeps its beat, what it costs, and whether what it says may be believed.",
        (Row("Now", _now()), Row("The beat", _beat()), Row("What it costs", _cost()), Row("Its eyes", _eyes())),
        watches_path=False,
    )


def _now() -> list[Panel]:
    replicas = About("Replicas", "How many are scraped. None: nobody watches the mail path.", 4, 5, "MailpathAbsent")
    version = About("Version", "What runs; more than one while it is rolled out.", 4, 5)
    uptime = About("Up for", "Since the process started, by replica.", 4, 5)
    loaded = About("Configuration", "Whether the last attempt to load it succeeded.", 4, 5, "MailpathConfigRefused")
    age = About("Loaded", "Since the configuration was last loaded.", 4, 5, "MailpathConfigRefused")
    bugs = About("Bugs", "Exceptions in probes that nobody expected. Must be 0.", 4, 5, "MailpathProbeBug")
    success = select(catalogue.CONFIG_RELOAD_SUCCESSFUL)
    since = select(catalogue.CONFIG_RELOAD_SUCCESS_TIMESTAMP)
    started = process("process_start_time_seconds")
    return [
        tiles(
            replicas,
            Scale("short", steps=((1, GREEN),), decimals=0, base=RED),
            now(f"count({select(catalogue.BUILD_INFO)}) or vector(0)"),
        ),
        tiles(
            version,
            Scale("none"),
            now(aggregate("count", catalogue.BUILD_INFO, ("version",)), "{{version}}"),
            text=NAME,
        ),
        tiles(uptime, Scale("s", decimals=0), now(f"time() - {each_replica('max', started)}", "{{instance}}")),
        tiles(loaded, Scale("none", either("loaded", "REFUSED")), now(each_replica("min", success), "{{instance}}")),
        tiles(age, Scale("s", decimals=0), now(f"time() - {each_replica('max', since)}", "{{instance}}")),
        tiles(
            bugs,
            Scale("short", steps=((1, RED),), decimals=0),
            now(each_replica("max", select(catalogue.PROBE_BUGS)), "{{instance}}"),
        ),
    ]


def _beat() -> list[Panel]:
    lag = About(
        "How late rounds start",
        "Each round against its planned slot. A band that climbs: too many targets, or too little CPU.",
        12,
        9,
        "MailpathStuck",
    )
    quantiles = About(
        "Lateness, 50th and 99th percentile",
        "The same in two lines: half of the rounds, and 99 of 100, start less late than that.",
        12,
        9,
        "MailpathStuck",
    )
    loop = About("Event loop", "How late the event loop ran at worst between two scrapes.", 12, 7, "MailpathStuck")
    skipped = About("Skipped slots", "Slots that passed unused, as the round before them had not ended.", 12, 7)
    rounds = About("Rounds a second", "Rounds that have ended, of all probes, by replica.", 12, 7, "MailpathStuck")
    tasks = About("Tasks", "Of the event loop, at each scrape; a leak shows here first.", 12, 7)
    late = buckets(catalogue.SCHEDULE_LAG)
    return [
        heat(lag, late),
        lines(
            quantiles,
            Scale("s", least=0),
            Query(quantile(0.5, late), "half"),
            Query(quantile(0.99, late), "99 of 100"),
        ),
        lines(
            loop,
            Scale("s", least=0),
            Query(each_replica("max", select(catalogue.EVENT_LOOP_LAG)), "{{instance}}"),
        ),
        lines(
            tasks,
            Scale("short", least=0, decimals=0),
            Query(each_replica("max", select(catalogue.EVENT_LOOP_TASKS)), "{{instance}}"),
        ),
        bars(skipped, Scale("ops"), Query(_rate(catalogue.SCHEDULE_SKIPPED), "{{instance}}")),
        lines(rounds, Scale("ops", least=0), Query(_rate(catalogue.PROBES), "{{instance}}")),
    ]


def _cost() -> list[Panel]:
    memory = About("Memory", "Resident. About 60 to 80 MiB where SSH is used; a steady climb is a leak.", 8, 7)
    cpu = About("CPU", "Share of one core.", 8, 7)
    files = About("Open files", "Sockets and files; a steady climb is a leak.", 8, 7)
    spent = f"rate(process_cpu_seconds_total[{WINDOW}]) and on (instance) {select(catalogue.BUILD_INFO)}"
    return [
        lines(
            memory,
            Scale("bytes", least=0, steps=((128 * _MIB, ORANGE),)),
            Query(each_replica("max", process("process_resident_memory_bytes")), "{{instance}}"),
        ),
        lines(cpu, Scale("percentunit", least=0), Query(each_replica("max", spent), "{{instance}}")),
        lines(
            files,
            Scale("short", least=0),
            Query(each_replica("max", process("process_open_fds")), "{{instance}}"),
        ),
    ]


def _eyes() -> list[Panel]:
    sources = About(
        "What it can see",
        "SSH to the edges, HAProxy's socket, the mail log, the Kubernetes API. While one is gone, what rests on it is "
        "unknown.",
        12,
        8,
        "MailpathMonitorBlind",
    )
    scrape = About("HAProxy answers in", "How long show servers state, stat and info took.", 6, 8)
    leading = About(
        "Leads",
        "Which replica does a path's handshakes; nobody is elected where there is one.",
        6,
        8,
        none="no election",
    )
    seen = either("seen", "BLIND")
    return [
        timeline(
            sources,
            seen,
            Query(aggregate("max", catalogue.EDGE_UP, ("path", "edge")), "{{path}}: SSH to {{edge}}"),
            Query(aggregate("max", catalogue.HAPROXY_UP, ("path", "edge")), "{{path}}: HAProxy on {{edge}}"),
            Query(aggregate("max", catalogue.MAILLOG_UP, ("path", "source")), "{{path}}: mail log by {{source}}"),
            Query(aggregate("max", catalogue.KUBERNETES_UP, ("path",)), "{{path}}: Kubernetes"),
        ),
        lines(
            scrape,
            Scale("s", least=0, steps=((5, YELLOW),)),
            Query(aggregate("max", catalogue.HAPROXY_SCRAPE_DURATION, ("path", "edge")), "{{path}} {{edge}}"),
        ),
        timeline(
            leading,
            either("leads", "stands by", bad=YELLOW),
            Query(f"max by (instance, path) ({select(catalogue.LEADING)})", "{{instance}} {{path}}"),
        ),
    ]


def _rate(family: Family) -> str:
    return each_replica("sum", f"rate({select(family)}[{WINDOW}])")
