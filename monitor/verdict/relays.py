"""The addresses under which source NAT shows whoever came through a NodePort: nodes, by all their faces.

A node's own address is one of its faces; that of its tunnel or bridge in the pods' network is another, and stands in no
configuration. Two kinds of line name the TCP peer and nothing else: Dovecot's ``haproxy:`` lines and smtpd's ``connect
from`` after a refused header. From these the other faces are learned.
"""

from collections import Counter
from collections.abc import Collection

# A cluster of this many nodes with two faces each; what would exceed it is not learned.
MAX_LEARNED = 512
# Visits that are weighed to tell the kubelet; older ones count half, quarter, and so on.
WEIGHED_VISITS = 64


class Relays:
    """Knows the nodes' faces, and tells which of them the kubelet's probes come from.

    Both the kubelet and HAProxy's checks open a stock port and leave without a word. HAProxy's checks come by all nodes
    alike and end in a reset; the kubelet's come from the pod's own node alone, and end in order (FIN). So the visits
    that ended in order are weighed: the kubelet's is the node from which more than half of them came. The limits:
    checks that also end in order (mailpath's own in ``connect`` mode) drown the kubelet's, which then go under
    ``edge_check_noise``; with one node the two are not told apart; after the pod has moved, some visits pass before its
    new node outweighs the old one.
    """

    def __init__(self, nodes: Collection[str]) -> None:
        """Know the configured node addresses."""
        self._nodes = frozenset(nodes)
        self._learned: set[str] = set()
        self._visits: Counter[str] = Counter()

    def adopt(self, nodes: Collection[str]) -> None:
        """Take over other nodes; what was learned from the log stays."""
        self._nodes = frozenset(nodes)

    def __contains__(self, address: str) -> bool:
        """Tell whether an address is a node's, and so no client's."""
        return address in self._nodes or address in self._learned

    def learn(self, address: str) -> None:
        """Take an address for a node's: a line named it as the TCP peer."""
        if address and len(self._learned) < MAX_LEARNED:
            self._learned.add(address)

    def is_kubelet(self, address: str) -> bool:
        """Weigh one visit that ended in order; tell whether its address is the kubelet's."""
        self._visits[address] += 1
        if self._visits.total() > WEIGHED_VISITS:
            self._visits = Counter({each: visits // 2 for each, visits in self._visits.items() if visits > 1})
        return 2 * self._visits[address] > self._visits.total()
