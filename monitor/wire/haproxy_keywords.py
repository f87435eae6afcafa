"""The words of haproxy.cfg, up to HAProxy 3.4: its sections, and those of proxies (configuration manual, 4.1)."""

PROXIES = {"frontend", "backend", "listen"}
SECTIONS = {
    *PROXIES,
    "global",
    "defaults",
    "acme",
    "cache",
    "crt-store",
    "fcgi-app",
    "healthcheck",
    "http-errors",
    "log-forward",
    "log-profile",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
}
# What stands at the margin and is none of these begins a section of a later HAProxy.
PROXY_KEYWORDS = frozenset(
    """
    acl backlog balance be-unpublished bind bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl
    clitimeout compression contimeout cookie crt declare default-server default_backend description disabled
    dispatch email-alert enabled error-log-format errorfile errorfiles errorloc errorloc302 errorloc303
    external-check filter filter-sequence force-be-switch force-persist fullconn grace guid hash-balance-factor
    hash-preserve-affinity hash-type http-after-response http-check http-error http-request http-response
    http-reuse http-send-name-header id ignore-persist load-server-state-from-file log log-format log-format-sd
    log-steps log-tag max-keep-alive-queue max-session-srv-conns maxconn mode monitor monitor-net monitor-uri no
    option persist quic-initial rate-limit redirect redispatch reqadd reqdel reqrep retries retry-on rspadd rspdel
    rsprep server server-state-file-name server-template source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl
    srvtimeout stats stick stick-table tcp-check tcp-request tcp-response timeout transparent unique-id-format
    unique-id-header use-fcgi-app use-server use_backend
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
