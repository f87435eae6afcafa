"""The lists in an alert's text: which services, nodes, ports it is about. Empty ones say nothing."""

from monitor.publish import catalogue
from monitor.publish.alerting.promql import HERE, aggregate, listing

_BAD = ("!~", "ok|slow|unknown")
_FAILING = f"{aggregate('max', catalogue.VERDICT, ('node', 'service', 'verdict'), path=HERE, verdict=_BAD)} == 1"
_DOORS = (
    f"{aggregate('max', catalogue.FRONT_DOOR_VERDICT, ('edge', 'service', 'verdict'), path=HERE, verdict=_BAD)} == 1"
)
_CHECKS = f"{aggregate('max', catalogue.CHECK_UP, ('node', 'service'), path=HERE)} == 0"
_SILENT = f"{aggregate('max', catalogue.VERDICT, ('node',), path=HERE, verdict='node_unreachable')} == 1"
_TAKEN_OUT = f"{aggregate('max', catalogue.LB_AGREEMENT, ('node', 'service'), path=HERE, state='lb_down_path_up')} == 1"
_LOST = f"{aggregate('min', catalogue.CLIENT_IP_RECOVERED, ('service',), path=HERE)} == 0"
_SSH = f"{aggregate('max', catalogue.EDGE_UP, ('edge',), path=HERE)} == 0"
_HAPROXY = f"{aggregate('max', catalogue.HAPROXY_UP, ('edge',), path=HERE)} == 0"
_LOG = f"{aggregate('max', catalogue.MAILLOG_UP, ('source',), path=HERE)} == 0"
# A few are enough to know where to look: the status page has them all, as sentences.
_FINDINGS = f"topk(5, {aggregate('max', catalogue.FINDING, ('kind', 'subject'), path=HERE, severity=('!=', 'info'))})"

# What users can use, by service: through a front door, or, where none is watched, on any node.
SERVED = "path_service:mailpath_served:max"

USERS = listing("Down for users", f"{SERVED}{{path={HERE}}} == 0", "service", sort="service")
TARGETS = listing("Failing", _FAILING, "node", " ", "service", " (", "verdict", ")", sort="node")
SERVICES = listing(
    "On the nodes", f"count by (service, verdict) ({_FAILING})", "service", " is ", "verdict", sort="service"
)
DOORS = listing("At the front door", _DOORS, "service", " is ", "verdict", " (", "edge", ")", sort="service")
CHECKS = listing("Healthcheck ports closed", _CHECKS, "node", " ", "service", sort="node")
NODES = listing("Silent", _SILENT, "node", sort="node")
TAKEN_OUT = listing("Taken out, though it works", _TAKEN_OUT, "service", " on ", "node", sort="service")
LOST = listing("The server names a wrong address on", _LOST, "service", sort="service")
SSH = listing("No SSH to", _SSH, "edge", sort="edge")
HAPROXY = listing("No answer from HAProxy on", _HAPROXY, "edge", sort="edge")
LOG = listing("Not readable", _LOG, "source", sort="source")
FINDINGS = listing("Found", _FINDINGS, "kind", " at ", "subject", sort="subject")
