"""Every metric by name, label and meaning: the one list that everything else is checked against."""

from functools import partial

from monitor.publish.families import Family, HistogramFamily, Kind

_gauge = partial(Family, Kind.GAUGE)
_counter = partial(Family, Kind.COUNTER)
_info = partial(Family, Kind.INFO)

_NODE = ("path", "node", "service")
_DOOR = ("path", "edge", "service")
_TARGET = ("path", "probe", "node", "service")
_SERVER = ("path", "edge", "backend", "server")
_LOG = ("path", "source")
_ORIGIN = ("path", "listener", "origin")

# --- what is up

CHECK_UP = _gauge(
    "check_up",
    "Whether the non-PROXY healthcheck NodePort accepts connections, after rise and fall; absent until known.",
    _NODE,
)
HANDSHAKE_UP = _gauge(
    "handshake_up",
    "Whether the PROXY v2 handshake with the data NodePort comes to its clean end (verdicts ok, slow, client_ip_lost), "
    "after rise and fall; absent until known.",
    _NODE,
)
FRONT_DOOR_UP = _gauge(
    "front_door_up",
    "Whether the edge's own frontend serves a client as it should (verdicts ok, slow, client_ip_lost), after rise and "
    "fall; absent until known.",
    _DOOR,
)
EDGE_UP = _gauge("edge_up", "Whether the edge answers over SSH; absent until known.", ("path", "edge"))
HAPROXY_UP = _gauge(
    "haproxy_up",
    "Whether HAProxy's stats socket answered all that was asked; 0 while SSH is down, absent until known.",
    ("path", "edge"),
)
KUBERNETES_UP = _gauge(
    "kubernetes_up",
    "Whether the Kubernetes API answers; absent until known, and where no cluster is looked at.",
    ("path",),
)
LISTENER_UP = _gauge(
    "listener_up",
    "Whether somebody listens on this port in the mail server's Pod, asked at the Pod's own address; absent until "
    "known, and where that address is out of reach.",
    ("path", "port"),
)
CONFIG_DRIFT = _gauge(
    "config_drift",
    "Whether a declared fact and an observed one differ: 1 while they do; absent when they agree, when that is "
    "acknowledged (ignore_drift), and when too long nothing was seen.",
    ("path", "subject", "kind"),
)
MAILLOG_UP = _gauge("maillog_up", "Whether the source of the mail log can be read; absent until known.", _LOG)

# --- what it means

VERDICT = _gauge(
    "verdict",
    "State set: what mailpath concludes about a service on a node; exactly one state is 1.",
    (*_NODE, "verdict"),
)
FRONT_DOOR_VERDICT = _gauge(
    "front_door_verdict",
    "State set: what mailpath concludes about a service at an edge's own frontend; exactly one state is 1.",
    (*_DOOR, "verdict"),
)
LB_AGREEMENT = _gauge(
    "lb_agreement",
    "State set: HAProxy's view of a server against our own handshake; of several edges the worst; exactly one state "
    "is 1.",
    (*_NODE, "state"),
)
DIAGNOSIS = _gauge(
    "diagnosis",
    "State set: the hop in which the cause lies, none when nothing is broken; exactly one is 1.",
    ("path", "hop"),
)
UNEXPLAINED_TARGETS = _gauge(
    "unexplained_targets",
    "Failing targets (checks, handshakes, front doors) that no rule of the diagnosis explains, whichever hop it shows.",
    ("path",),
)

MAINTENANCE = _gauge(
    "maintenance",
    "Whether somebody has announced work on the path (POST /api/v1/maintenance), and its end has not come yet.",
    ("path",),
)
FINDING = _gauge(
    "finding",
    "A finding that holds now, 1 while it does; its sentence is on the status page and in /api/v1/status.",
    ("path", "severity", "kind", "subject"),
)

CLIENT_IP_RECOVERED = _gauge(
    "client_ip_recovered",
    "Whether the mail server sees the client IP that the PROXY header names (1) or another one (0), by what it replies "
    "and by what it logs; for a front door node is the edge's name; absent while neither is certain.",
    (*_NODE, "evidence"),
)

# --- probes

PROBE_DURATION = HistogramFamily(
    Kind.HISTOGRAM,
    "probe_duration_seconds",
    "Time spent in each phase of a probe; connect is the kernel's own measure. 6 and 15 seconds are postscreen's greet "
    "wait and our patience with it.",
    ("path", "probe", "service", "phase"),
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 6.0, 15.0, 30.0),
)
PROBES = _counter("probes_total", "Probe rounds that have ended, by result.", (*_TARGET, "result"))
PROBE_FAILURES = _counter(
    "probe_failures_total",
    "Probe rounds that failed, by the phase in which they stood and the reason.",
    (*_TARGET, "phase", "reason"),
)
NEGATIVE_PROBE_REFUSED = _gauge(
    "negative_probe_refused",
    "Whether what must be refused was refused when last tried: 1 refused, 0 accepted (a critical finding); absent "
    "until known.",
    ("path", "probe", "service"),
)
PROBE_LAST_SUCCESS = _gauge(
    "probe_last_success_timestamp_seconds",
    "When a probe round last succeeded; absent until one has.",
    _TARGET,
)
CERTIFICATE_NOT_AFTER = _gauge(
    "tls_certificate_not_after_timestamp_seconds",
    "The end of validity of the certificate last shown; for a front door node is the edge's name; absent until seen.",
    ("path", "service", "node"),
)
TLS_INFO = _info(
    "tls_info",
    "Always 1: a round has spoken TLS; for a front door node is the edge's name; absent until one has.",
    ("path", "service", "node"),
)
TLS_VERSION_INFO = _info(
    "tls_version_info",
    "The TLS version and cipher that a round last spoke; for a front door node is the edge's name; absent until then.",
    ("path", "service", "node", "version", "cipher"),
)

# --- an edge's host, absent while it is blind

FRONTEND_LISTENING = _gauge(
    "frontend_listening",
    "Whether HAProxy listens on this port of the edge's address, by sockstat; optional ports included; absent until "
    "known, and while that cannot be seen.",
    ("path", "edge", "port"),
)
NAT_REDIRECT_OK = _gauge(
    "nat_redirect_ok",
    "Whether every rule of NAT for this port leads to the edge's own address, by pfctl; absent until known, and while "
    "that cannot be seen.",
    ("path", "edge", "port"),
)
EDGE_BACKUP = _gauge(
    "edge_backup_timestamp_seconds",
    "When the newest backup of an edge's configuration was made, by its backup.command; absent without one, and while "
    "it cannot be seen.",
    ("path", "edge"),
)

# --- HAProxy, absent while its edge is blind

HAPROXY_SCRAPE_DURATION = _gauge(
    "haproxy_scrape_duration_seconds",
    "How long the last round of show servers state, show stat and show info took.",
    ("path", "edge"),
)
HAPROXY_UNREAD_ROWS = _gauge(
    "haproxy_unread_rows",
    "Rows of HAProxy's last answer to a command that could not be read and were left out.",
    ("path", "edge", "command"),
)
HAPROXY_SERVER_STATE = _gauge(
    "haproxy_server_state",
    "State set: HAProxy's operational state of a server (srv_op_state); exactly one state is 1.",
    (*_SERVER, "state"),
)
HAPROXY_SERVER_ADMIN_STATE = _gauge(
    "haproxy_server_admin_state",
    "State set: HAProxy's administrative state of a server (srv_admin_state): ready, drain or maint, by hand or "
    "inherited; exactly one state is 1.",
    (*_SERVER, "state"),
)
HAPROXY_SERVER_CHECK_FAILED = _counter(
    "haproxy_server_check_failed_total",
    "Failed health checks of a server while it was up, as HAProxy counts them since its start (chkfail).",
    _SERVER,
)
HAPROXY_BACKEND_SESSIONS = _gauge(
    "haproxy_backend_sessions",
    "Current sessions of a backend, by the server that serves them (scur).",
    _SERVER,
)
HAPROXY_SERVER_LAST_CHANGE = _gauge(
    "haproxy_server_last_change_seconds",
    "Seconds since a server last changed its operational state.",
    _SERVER,
)

# --- the mail log

MAILLOG_LAG = _gauge(
    "maillog_lag_seconds",
    "Age of the newest line of the mail log when it was read; absent until known.",
    _LOG,
)
MAILLOG_LINES = _counter("maillog_lines_total", "Lines read from the mail log.", _LOG)
MAILLOG_LINES_UNRECOGNISED = _counter(
    "maillog_lines_unrecognised_total",
    "Lines of the mail log that say nothing about connections or problems of the mail path.",
    _LOG,
)
MAILLOG_CONNECTIONS = _counter(
    "maillog_connections_total",
    "Connections in the mail log by the listener's port and by where the client came from, as the server believes.",
    _ORIGIN,
)
MAILLOG_LAST_CONNECTION = _gauge(
    "maillog_last_connection_timestamp_seconds",
    "When the mail log last showed a connection of this origin; absent until it has.",
    _ORIGIN,
)
MAILLOG_PROBLEMS = _counter(
    "maillog_problems_total",
    "Lines of the mail log that tell of a problem, by problem.",
    ("path", "problem"),
)
SELF_INFLICTED_PROBLEMS = _counter(
    "self_inflicted_problems_total",
    "Problems in the mail log that carry the address of our own probes; must stay 0.",
    ("path", "problem"),
)
MAILLOG_DEFERRED_MESSAGES = _gauge(
    "maillog_deferred_messages",
    "Messages that were accepted and wait for a mailbox or filter of our own, as far as the mail log has told; absent "
    "while it cannot be read.",
    _LOG,
)
MAILLOG_OLDEST_DEFERRED = _gauge(
    "maillog_oldest_deferred_seconds",
    "For how long the oldest of these messages has been waiting; absent where none is.",
    _LOG,
)

# --- the roundtrip, from what was handed in last; absent until something was

ROUNDTRIP_SUCCESS = _gauge(
    "roundtrip_success",
    "Whether the message of the last roundtrip was found in its mailbox; absent while no result is known, or when the "
    "last is overdue.",
    ("path",),
)
ROUNDTRIP_DURATION = _gauge(
    "roundtrip_duration_seconds",
    "How long the last roundtrip took, from sending to finding or giving up; absent as its success is.",
    ("path",),
)
ROUNDTRIP_LAST_SUCCESS = _gauge(
    "roundtrip_last_success_timestamp_seconds",
    "When a roundtrip last succeeded; absent until one has.",
    ("path",),
)
ROUNDTRIP_VIA_BACKUP = _gauge(
    "roundtrip_via_backup",
    "Whether the message of the last roundtrip came by the backup MX; absent unless it was found.",
    ("path",),
)
CRONJOB_LAST_SCHEDULE = _gauge(
    "roundtrip_cronjob_last_schedule_timestamp_seconds",
    "When Kubernetes last started the roundtrip's CronJob; absent until known, and while the API cannot be asked.",
    ("path",),
)
CRONJOB_LAST_SUCCESS = _gauge(
    "roundtrip_cronjob_last_success_timestamp_seconds",
    "When a Job of the roundtrip's CronJob last succeeded, by the CronJob's status or by the Jobs seen; absent until "
    "known, and while the API cannot be asked.",
    ("path",),
)

# --- mailpath itself

BUILD_INFO = _info(
    "build_info",
    "Version and revision of mailpath, and the Python that runs it; always 1.",
    ("version", "revision", "pythonversion"),
)
LEADING = _gauge(
    "leading",
    "Whether this replica does the path's handshakes, front doors and rare probes; absent without an election.",
    ("path",),
)
SCHEDULE_LAG = HistogramFamily(
    Kind.HISTOGRAM,
    "schedule_lag_seconds",
    "How much later than planned a probe round started.",
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
SCHEDULE_SKIPPED = _counter(
    "schedule_skipped_total", "Slots that passed unused because the round before them had not ended."
)
EVENT_LOOP_LAG = _gauge("event_loop_lag_seconds", "How late the event loop ran at worst since the last scrape.")
EVENT_LOOP_TASKS = _gauge("event_loop_tasks", "Tasks of the event loop at this moment; a leak shows here first.")
PROBE_BUGS = _counter("probe_bugs_total", "Exceptions in probes that nobody expected; each is in the log.")
CONFIG_RELOAD_SUCCESSFUL = _gauge(
    "config_last_reload_successful", "Whether the last attempt to load the configuration succeeded."
)
CONFIG_RELOAD_SUCCESS_TIMESTAMP = _gauge(
    "config_last_reload_success_timestamp_seconds",
    "When the configuration was last loaded; absent until it has been.",
)
