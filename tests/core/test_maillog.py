"""Records of the mail log: what a line that names nothing carries, and labels that outsiders match."""

from monitor.core.maillog import LineKind, LogRecord, Problem


def test_a_record_that_is_no_delivery_has_no_delay() -> None:
    """0 would be a delivery without a wait."""
    record = LogRecord(LineKind.SMTPD_CONNECT, "", "postfix/smtpd", 1, "192.0.2.7", 0, "", 0, -1, "", "connect from …")
    assert (record.queue_id, record.delay) == ("", -1.0)


def test_the_documented_problems_keep_their_names() -> None:
    """Label values of ``mailpath_maillog_problems_total``: the contract names these, and only adds to them."""
    documented = {
        "getpeername",
        "servname_fatal",
        "throttling",
        "proxy_timeout",
        "pregreet",
        "rate_limit",
        "edge_check_noise",
        "kubelet_probe",
        "tempfail",
        "postscreen_cache_lock",
        "service_restart",
    }
    assert documented <= set(Problem)
