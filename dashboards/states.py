"""What numbers mean, in words and colours. The words say it too, for those who do not see the colours."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMapping, ValueMappingResult

from dashboards.state_sets import AGREEMENTS, HOPS, SERVERS, VERDICTS
from monitor.core.haproxy import ServerState
from monitor.core.verdicts import Agreement, Hop, Verdict


class State(NamedTuple):
    """A value's words and its colour, by Grafana's name for it."""

    words: str
    colour: str


GREEN = "green"
YELLOW = "yellow"
ORANGE = "orange"
RED = "red"
DARK_RED = "dark-red"
PURPLE = "purple"
BLUE = "blue"
GREY = "#808080"

# Red: nobody gets in. Orange: somebody does not. Purple: mail flows under a wrong address. Grey: nobody knows.
VERDICT_WORDS: Mapping[str, State] = {
    Verdict.UNKNOWN: State("unknown", GREY),
    Verdict.OK: State("ok", GREEN),
    Verdict.SLOW: State("slow", YELLOW),
    Verdict.CLIENT_IP_LOST: State("client IP lost", PURPLE),
    Verdict.PROTOCOL_ERROR: State("protocol error", ORANGE),
    Verdict.TLS_INVALID: State("TLS invalid", ORANGE),
    Verdict.TURNED_AWAY: State("turned away", ORANGE),
    Verdict.HEADER_NOT_CONSUMED: State("header not consumed", RED),
    Verdict.HEADER_REJECTED: State("header rejected", RED),
    Verdict.NO_GREETING: State("no greeting", RED),
    Verdict.THROTTLED: State("throttled", RED),
    Verdict.PORT_CLOSED: State("port closed", RED),
    Verdict.LISTENER_DOWN: State("listener down", DARK_RED),
    Verdict.NODE_UNREACHABLE: State("node unreachable", DARK_RED),
}

AGREEMENT_WORDS: Mapping[str, State] = {
    Agreement.UNKNOWN: State("unknown", GREY),
    Agreement.AGREE: State("agree", GREEN),
    Agreement.LB_ADMIN: State("taken out by hand", BLUE),
    Agreement.LB_DOWN_PATH_UP: State("HAProxy down, path up", ORANGE),
    Agreement.LB_UP_PATH_DOWN: State("HAProxy up, path down", RED),
}

# Yellow: sight is lost and mail flows, as far as anybody can tell.
HOP_WORDS: Mapping[str, State] = {
    Hop.NONE: State("nothing broken", GREEN),
    Hop.UNEXPLAINED: State("unexplained", RED),
    Hop.WAN: State("no client from outside", RED),
    Hop.ROUNDTRIP: State("roundtrip", RED),
    Hop.MAILLOG: State("mail log", YELLOW),
    Hop.BACKEND: State("HAProxy's backend", RED),
    Hop.TLS: State("TLS", RED),
    Hop.CLIENT_IP: State("client IP", PURPLE),
    Hop.PROXY_HEADER: State("PROXY header", RED),
    Hop.NODEPORT: State("NodePort", ORANGE),
    Hop.LISTENER: State("listener", RED),
    Hop.NODE: State("node", ORANGE),
    Hop.MAIL_SERVER: State("mail server", RED),
    Hop.CLUSTER: State("cluster", RED),
    Hop.FRONTEND: State("frontend", RED),
    Hop.NAT: State("NAT", RED),
    Hop.HAPROXY: State("HAProxy", RED),
    Hop.EDGE: State("edge", RED),
    Hop.MONITOR: State("mailpath is blind", YELLOW),
}

SERVER_WORDS: Mapping[str, State] = {
    ServerState.STOPPED: State("stopped", RED),
    ServerState.STARTING: State("starting", YELLOW),
    ServerState.RUNNING: State("running", GREEN),
    ServerState.STOPPING: State("stopping", ORANGE),
}


def numbered(states: Sequence[str], words: Mapping[str, State]) -> list[ValueMapping]:
    """Map each state's number, which is its index, to its words."""
    return _mapped({str(number): words[state] for number, state in enumerate(states)})


def either(yes: str, no: str, *, bad: str = RED) -> list[ValueMapping]:
    """Map 1 and 0: what is well is green, what is not is ``bad``."""
    return _mapped({"1": State(yes, GREEN), "0": State(no, bad)})


def _mapped(states: Mapping[str, State]) -> list[ValueMapping]:
    options = {
        value: ValueMappingResult(text=state.words, color=state.colour, index=index)
        for index, (value, state) in enumerate(states.items())
    }
    return [ValueMap(options=options)]


VERDICT_MAPPINGS = numbered(VERDICTS, VERDICT_WORDS)
AGREEMENT_MAPPINGS = numbered(AGREEMENTS, AGREEMENT_WORDS)
HOP_MAPPINGS = numbered(HOPS, HOP_WORDS)
SERVER_MAPPINGS = numbered(SERVERS, SERVER_WORDS)
