"""Every metric by name, label and meaning: the one list that everything else is checked against."""

from monitor.publish.families import Family, HistogramFamily, Kind

_NODE = ("path", "node", "service")
_DOOR = ("path", "edge", "service")
_TARGET = ("path", "probe", "node", "service")
_SERVER = ("path", "edge", "backend", "server")
_LOG = ("path", "source")
_ORIGIN = ("path", "listener", "origin")

# --- what is up

CHECK_UP = Family(
    "check_up",
    Kind.GAUGE,
    "Whether the non-PROXY healthcheck NodePort accepts connections, after rise and fall; absent until known.",
    _NODE,
)
HANDSHAKE_UP = Family(
    "handshake_up",
    Kind.GAUGE,
    "Whether the PROXY v2 handshake with the data NodePort comes to its clean end (verdicts ok, slow, client_ip_lost), "
    "after rise and fall; absent until known.",
    _NODE,
)
FRONT_DOOR_UP = Family(
    "front_door_up",
    Kind.GAUGE,
    "Whether the edge's own frontend serves a client as it should (verdicts ok, slow, client_ip_lost), after rise and "
    "fall; absent until known.",
    _DOOR,
)
EDGE_UP = Family("edge_up", Kind.GAUGE, "Whether the edge answers over SSH; absent until known.", ("path", "edge"))
HAPROXY_UP = Family(
    "haproxy_up",
    Kind.GAUGE,
    "Whether HAProxy's stats socket answered all that was asked; 0 while SSH is down, absent until known.",
    ("path", "edge"),
)
KUBERNETES_UP = Family(
    "kubernetes_up",
    Kind.GAUGE,
    "Whether the Kubernetes API answers; absent until known, and where no cluster is looked at.",
    ("path",),
)
LISTENER_UP = Family(
    "listener_up",
    Kind.GAUGE,
    "Whether somebody listens on this port in the mail server's Pod, asked at the Pod's own address; absent until "
    "known, and where that address is out of reach.",
    ("path", "port"),
)
CONFIG_DRIFT = Family(
    "config_drift",
    Kind.GAUGE,
    "Whether a declared fact and an observed one differ: 1 while they do; absent when they agree, when that is "
    "acknowledged (ignore_drift), and when too long nothing was seen.",
    ("path", "subject", "kind"),
)
MAILLOG_UP = Family(
    "maillog_up", Kind.GAUGE, "Whether the source of the mail log can be read; absent until known.", _LOG
)

# --- what it means

VERDICT = Family(
    "verdict",
    Kind.GAUGE,
    "State set: what mailpath concludes about a service on a node; exactly one state is 1.",
    (*_NODE, "verdict"),
)
FRONT_DOOR_VERDICT = Family(
    "front_door_verdict",
    Kind.GAUGE,
    "State set: what mailpath concludes about a service at an edge's own frontend; exactly one state is 1.",
    (*_DOOR, "verdict"),
)
LB_AGREEMENT = Family(
    "lb_agreement",
    Kind.GAUGE,
    "State set: HAProxy's view of a server against our own handshake; of several edges the worst; exactly one state "
    "is 1.",
    (*_NODE, "state"),
)
DIAGNOSIS = Family(
    "diagnosis",
    Kind.GAUGE,
    "State set: the hop in which the cause lies, none when nothing is broken; exactly one is 1.",
    ("path", "hop"),
)
UNEXPLAINED_TARGETS = Family(
    "unexplained_targets",
    Kind.GAUGE,
    "Failing targets (checks, handshakes, front doors) that no rule of the diagnosis explains, whichever hop it shows.",
    ("path",),
)

MAINTENANCE = Family(
    "maintenance",
    Kind.GAUGE,
    "Whether somebody has announced work on the path (POST /api/v1/maintenance), and its end has not come yet.",
    ("path",),
)
FINDING = Family(
    "finding",
    Kind.GAUGE,
    "A finding that holds now, 1 while it does; its sentence is on the status page and in /api/v1/status.",
    ("path", "severity", "kind", "subject"),
)

CLIENT_IP_RECOVERED = Family(
    "client_ip_recovered",
    Kind.GAUGE,
    "Whether the mail server sees the client IP that the PROXY header names (1) or another one (0), by what it replies "
    "and by what it logs; for a front door node is the edge's name; absent while neither is certain.",
    (*_NODE, "evidence"),
)

# --- probes

PROBE_DURATION = HistogramFamily(
    "probe_duration_seconds",
    Kind.HISTOGRAM,
    "Time spent in each phase of a probe; connect is the kernel's own measure. 6 and 15 seconds are postscreen's greet "
    "wait and our patience with it.",
    ("path", "probe", "service", "phase"),
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 6.0, 15.0, 30.0),
)
PROBES = Family("probes_total", Kind.COUNTER, "Probe rounds that have ended, by result.", (*_TARGET, "result"))
PROBE_FAILURES = Family(
    "probe_failures_total",
    Kind.COUNTER,
    "Probe rounds that failed, by the phase in which they stood and the reason.",
    (*_TARGET, "phase", "reason"),
)
NEGATIVE_PROBE_REFUSED = Family(
    "negative_probe_refused",
    Kind.GAUGE,
    "Whether what must be refused was refused when last tried: 1 refused, 0 accepted (a critical finding); absent "
    "until known.",
    ("path", "probe", "service"),
)
PROBE_LAST_SUCCESS = Family(
    "probe_last_success_timestamp_seconds",
    Kind.GAUGE,
    "When a probe round last succeeded; absent until one has.",
    _TARGET,
)
CERTIFICATE_NOT_AFTER = Family(
    "tls_certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    "The end of validity of the certificate last shown; for a front door node is the edge's name; absent until seen.",
    ("path", "service", "node"),
)
TLS_INFO = Family(
    "tls_info",
    Kind.INFO,
    "Always 1: a round has spoken TLS; for a front door node is the edge's name; absent until one has.",
    ("path", "service", "node"),
)
TLS_VERSION_INFO = Family(
    "tls_version_info",
    Kind.INFO,
    "The TLS version and cipher that a round last spoke; for a front door node is the edge's name; absent until then.",
    ("path", "service", "node", "version", "cipher"),
)

# --- an edge's host, absent while it is blind

FRONTEND_LISTENING = Family(
    "frontend_listening",
    Kind.GAUGE,
    "Whether HAProxy listens on this port of the edge's address, by sockstat; optional ports included; absent until "
    "known, and while that cannot be seen.",
    ("path", "edge", "port"),
)
NAT_REDIRECT_OK = Family(
    "nat_redirect_ok",
    Kind.GAUGE,
    "Whether every rule of NAT for this port leads to the edge's own address, by pfctl; absent until known, and while "
    "that cannot be seen.",
    ("path", "edge", "port"),
)
EDGE_BACKUP = Family(
    "edge_backup_timestamp_seconds",
    Kind.GAUGE,
    "When the newest backup of an edge's configuration was made, by its backup.command; absent without one, and while "
    "it cannot be seen.",
    ("path", "edge"),
)

# --- HAProxy, absent while its edge is blind

HAPROXY_SCRAPE_DURATION = Family(
    "haproxy_scrape_duration_seconds",
    Kind.GAUGE,
    "How long the last round of show servers state, show stat and show info took.",
    ("path", "edge"),
)
HAPROXY_UNREAD_ROWS = Family(
    "haproxy_unread_rows",
    Kind.GAUGE,
    "Rows of HAProxy's last answer to a command that could not be read and were left out.",
    ("path", "edge", "command"),
)
HAPROXY_SERVER_STATE = Family(
    "haproxy_server_state",
    Kind.GAUGE,
    "State set: HAProxy's operational state of a server (srv_op_state); exactly one state is 1.",
    (*_SERVER, "state"),
)
HAPROXY_SERVER_ADMIN_STATE = Family(
    "haproxy_server_admin_state",
    Kind.GAUGE,
    "State set: HAProxy's administrative state of a server (srv_admin_state): ready, drain or maint, by hand or "
    "inherited; exactly one state is 1.",
    (*_SERVER, "state"),
)
HAPROXY_SERVER_CHECK_FAILED = Family(
    "haproxy_server_check_failed_total",
    Kind.COUNTER,
    "Failed health checks of a server while it was up, as HAProxy counts them since its start (chkfail).",
    _SERVER,
)
HAPROXY_BACKEND_SESSIONS = Family(
    "haproxy_backend_sessions",
    Kind.GAUGE,
    "Current sessions of a backend, by the server that serves them (scur).",
    _SERVER,
)
HAPROXY_SERVER_LAST_CHANGE = Family(
    "haproxy_server_last_change_seconds",
    Kind.GAUGE,
    "Seconds since a server last changed its operational state.",
    _SERVER,
)

# --- the mail log

MAILLOG_LAG = Family(
    "maillog_lag_seconds",
    Kind.GAUGE,
    "Age of the newest line of the mail log when it was read; absent until known.",
    _LOG,
)
MAILLOG_LINES = Family("maillog_lines_total", Kind.COUNTER, "Lines read from the mail log.", _LOG)
MAILLOG_LINES_UNRECOGNISED = Family(
    "maillog_lines_unrecognised_total",
    Kind.COUNTER,
    "Lines of the mail log that say nothing about connections or problems of the mail path.",
    _LOG,
)
MAILLOG_CONNECTIONS = Family(
    "maillog_connections_total",
    Kind.COUNTER,
    "Connections in the mail log by the listener's port and by where the client came from, as the server believes.",
    _ORIGIN,
)
MAILLOG_LAST_CONNECTION = Family(
    "maillog_last_connection_timestamp_seconds",
    Kind.GAUGE,
    "When the mail log last showed a connection of this origin; absent until it has.",
    _ORIGIN,
)
MAILLOG_PROBLEMS = Family(
    "maillog_problems_total",
    Kind.COUNTER,
    "Lines of the mail log that tell of a problem, by problem.",
    ("path", "problem"),
)
SELF_INFLICTED_PROBLEMS = Family(
    "self_inflicted_problems_total",
    Kind.COUNTER,
    "Problems in the mail log that carry the address of our own probes; must stay 0.",
    ("path", "problem"),
)
MAILLOG_DEFERRED_MESSAGES = Family(
    "maillog_deferred_messages",
    Kind.GAUGE,
    "Messages that were accepted and wait for a mailbox or filter of our own, as far as the mail log has told; absent "
    "while it cannot be read.",
    _LOG,
)
MAILLOG_OLDEST_DEFERRED = Family(
    "maillog_oldest_deferred_seconds",
    Kind.GAUGE,
    "For how long the oldest of these messages has been waiting; absent where none is.",
    _LOG,
)

# --- the roundtrip, from what was handed in last; absent until something was

ROUNDTRIP_SUCCESS = Family(
    "roundtrip_success",
    Kind.GAUGE,
    "Whether the message of the last roundtrip was found in its mailbox; absent while no result is known, or when the "
    "last is overdue.",
    ("path",),
)
ROUNDTRIP_DURATION = Family(
    "roundtrip_duration_seconds",
    Kind.GAUGE,
    "How long the last roundtrip took, from sending to finding or giving up; absent as its success is.",
    ("path",),
)
ROUNDTRIP_LAST_SUCCESS = Family(
    "roundtrip_last_success_timestamp_seconds",
    Kind.GAUGE,
    "When a roundtrip last succeeded; absent until one has.",
    ("path",),
)
ROUNDTRIP_VIA_BACKUP = Family(
    "roundtrip_via_backup",
    Kind.GAUGE,
    "Whether the message of the last roundtrip came by the backup MX; absent unless it was found.",
    ("path",),
)
CRONJOB_LAST_SCHEDULE = Family(
    "roundtrip_cronjob_last_schedule_timestamp_seconds",
    Kind.GAUGE,
    "When Kubernetes last started the roundtrip's CronJob; absent until known, and while the API cannot be asked.",
    ("path",),
)
CRONJOB_LAST_SUCCESS = Family(
    "roundtrip_cronjob_last_success_timestamp_seconds",
    Kind.GAUGE,
    "When a Job of the roundtrip's CronJob last succeeded, by the CronJob's status or by the Jobs seen; absent until "
    "known, and while the API cannot be asked.",
    ("path",),
)

# --- mailpath itself

BUILD_INFO = Family(
    "build_info",
    Kind.INFO,
    "Version and revision of mailpath, and the Python that runs it; always 1.",
    ("version", "revision", "pythonversion"),
)
LEADING = Family(
    "leading",
    Kind.GAUGE,
    "Whether this replica does the path's handshakes, front doors and rare probes; absent without an election.",
    ("path",),
)
SCHEDULE_LAG = HistogramFamily(
    "schedule_lag_seconds",
    Kind.HISTOGRAM,
    "How much later than planned a probe round started.",
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
SCHEDULE_SKIPPED = Family(
    "schedule_skipped_total", Kind.COUNTER, "Slots that passed unused because the round before them had not ended."
)
EVENT_LOOP_LAG = Family(
    "event_loop_lag_seconds", Kind.GAUGE, "How late the event loop ran at worst since the last scrape."
)
EVENT_LOOP_TASKS = Family(
    "event_loop_tasks", Kind.GAUGE, "Tasks of the event loop at this moment; a leak shows here first."
)
PROBE_BUGS = Family("probe_bugs_total", Kind.COUNTER, "Exceptions in probes that nobody expected; each is in the log.")
CONFIG_RELOAD_SUCCESSFUL = Family(
    "config_last_reload_successful", Kind.GAUGE, "Whether the last attempt to load the configuration succeeded."
)
CONFIG_RELOAD_SUCCESS_TIMESTAMP = Family(
    "config_last_reload_success_timestamp_seconds",
    Kind.GAUGE,
    "When the configuration was last loaded; absent until it has been.",
)
