"""The names of what mailpath concludes: a contract, in the order in which it is concluded."""

from monitor.core.verdicts import Agreement, Hop, Origin, Verdict

UP = {"ok", "slow", "client_ip_lost"}


def test_verdicts_keep_their_names_and_their_order() -> None:
    """The first row that applies wins; alerts and dashboards of others match the names."""
    assert [str(verdict) for verdict in Verdict] == [
        "unknown",
        "node_unreachable",
        "listener_down",
        "port_closed",
        "throttled",
        "no_greeting",
        "header_rejected",
        "header_not_consumed",
        "turned_away",
        "tls_invalid",
        "protocol_error",
        "client_ip_lost",
        "slow",
        "ok",
    ]


def test_mail_flows_with_three_verdicts() -> None:
    """What ``mailpath_handshake_up`` shows as 1."""
    assert {str(verdict) for verdict in Verdict if verdict.up} == UP


def test_agreements_stand_worst_first() -> None:
    """Of several edges the worst counts, by this order."""
    assert [str(agreement) for agreement in Agreement] == [
        "lb_up_path_down",
        "lb_down_path_up",
        "lb_admin",
        "unknown",
        "agree",
    ]


def test_hops_begin_with_the_monitor_and_end_with_none() -> None:
    """A cause in mailpath itself explains all others; nothing broken is concluded last."""
    hops = list(Hop)
    assert (hops[0], hops[-1]) == (Hop.MONITOR, Hop.NONE)
    assert hops.index(Hop.MAIL_SERVER) < hops.index(Hop.LISTENER) < hops.index(Hop.NODEPORT) < hops.index(Hop.BACKEND)


def test_origins_keep_their_names() -> None:
    """Values of the ``origin`` label."""
    assert set(Origin) == {"external", "internal", "probe", "edge", "cluster", "loopback", "unknown"}
