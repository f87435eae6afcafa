"""The edge's FreeBSD tools: ``sockstat`` told from what really listens, ``pfctl`` from rules with a switch for faults.

There is no pf here, and nothing is redirected: the rules are those that pfSense would have loaded, as 2.7 words them.
"""

from collections.abc import Mapping

from tests.lab.host import Host
from tests.lab.network import EDGE
from tests.lab.sshd import PROGRAMS

PORTS: Mapping[int, str] = {25: "smtp", 465: "smtps", 587: "submission", 993: "imaps"}
"""The mail ports, and what pfctl calls them by FreeBSD's /etc/services."""
OLD_ALIAS = "<mailserver>"
WAN = "192.168.1.2"

# One row for each process that has the socket, as ss shows it: users:(("haproxy",pid=31,fd=5),…)
SOCKSTAT = r"""#!/bin/sh
echo 'USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS'
ss -Hltnp | awk '{
    port = $4; sub(/.*:/, "", port)
    address = substr($4, 1, length($4) - length(port) - 1)
    gsub(/[][]/, "", address)
    protocol = address == "*" ? "tcp46" : address ~ /:/ ? "tcp6" : "tcp4"
    if (address == "0.0.0.0" || address == "::") address = "*"
    count = split($6, users, /\(/)
    for (i = 3; i <= count; i++) {
        split(users[i], field, /[",=)]+/)
        user = field[2] == "haproxy" ? "www" : "root"
        printf "%-8s %-10s %-5s %-2s %-6s %-21s *:*\n", user, substr(field[2], 1, 10), field[4], field[6], protocol, \
            address ":" port
    }
}'
"""
PFCTL = """#!/bin/sh
case $* in
-sn) exec cat /run/pf/nat ;;
-sr) exec cat /run/pf/rules ;;
esac
exit 1
"""

NAT = """\
no nat proto carp all
nat-anchor "natrules/*" all
nat on vtnet0 inet from <tonatsubnets> to any -> 192.168.1.2 port 1024:65535
no rdr proto carp all
rdr-anchor "tftp-proxy/*" all
{redirects}rdr on vtnet0 inet proto udp from any to 192.168.1.2 port = 51820 -> 10.0.20.9
"""
REDIRECT = "rdr on vtnet0 inet proto tcp from any to {wan} port = {name} -> {target}\n"
RULES = """\
scrub on vtnet0 inet all fragment reassemble
block drop in log inet all label "Default deny rule IPv4" ridentifier 1000000103
{passes}pass in quick on vtnet1 inet from any to any flags S/SA keep state label "USER_RULE: LAN to any"
"""
PASSING = (
    "pass in quick on vtnet0 reply-to (vtnet0 192.168.1.1) inet proto tcp from any to {edge} port = {name} "
    'flags S/SA keep state label "USER_RULE: NAT mail"\n'
)


class Pf:
    """The edge's packet filter, as far as its operator can see."""

    def __init__(self, host: Host) -> None:
        """Put it on a host."""
        self._host = host
        self._changed = False

    def prepare(self) -> None:
        """Install the programs, and load the usual rules."""
        self._host.write(f"{PROGRAMS}/sockstat", SOCKSTAT, 0o755)
        self._host.write(f"{PROGRAMS}/pfctl", PFCTL, 0o755)
        self._load()

    def redirect(self, port: int, target: str) -> None:
        """Lead a port elsewhere; ``""``: nowhere."""
        self._load(targets={port: target})

    def drop_pass_rule(self, port: int) -> None:
        """Take the pass rule of a redirect away: what it leads here is dropped."""
        self._load(unpassed=port)

    def heal(self) -> None:
        """Take back every fault."""
        if self._changed:
            self._load()
            self._changed = False

    def _load(self, targets: Mapping[int, str] | None = None, unpassed: int = 0) -> None:
        self._changed = True
        led = dict.fromkeys(PORTS, EDGE) | dict(targets or {})
        redirects = [REDIRECT.format(wan=WAN, name=PORTS[port], target=to) for port, to in led.items() if to]
        passes = [PASSING.format(edge=EDGE, name=name) for port, name in PORTS.items() if port != unpassed]
        self._host.write("/run/pf/nat", NAT.format(redirects="".join(redirects)))
        self._host.write("/run/pf/rules", RULES.format(passes="".join(passes)))
