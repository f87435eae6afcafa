"""What to do next, in words and as the runbook's commands: the one place where they are made.

Those about an edge have its ``{address}`` to fill in, or ``{host}``: the same as it stands before a port. The names of
namespace, deployment and container are the runbook's. A command runs as it stands in a POSIX shell and asks for
nothing; what is filled in is quoted and comes from the configuration, never from what was observed (the name of a
server, a line of a log).
"""

from dataclasses import dataclass, replace
from shlex import quote

from monitor.core.kinds import Shown
from monitor.core.model import Service, Target

_IN_THE_POD = "kubectl exec -n mailserver -c docker-mailserver deployment/mailserver --"
_LOG = "kubectl logs -c docker-mailserver deployment/mailserver -n mailserver"
_ADDRESS, _HOST = "{address}", "{host}"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do next: always in words, and as a command where there is one that does it."""

    words: str
    command: str | None = None

    def __str__(self) -> str:
        """The command where there is one, else the words."""
        return self.command or self.words

    def at(self, address: str | None) -> "Remedy":
        """The same with an edge's address filled in; without one, the words alone where the command needs it."""
        command = self.command
        if command is None or not (_ADDRESS in command or _HOST in command):
            return self
        return replace(self, command=None if address is None else filled(command, quote(address), quote(host(address))))


SHOW_STATE = Remedy(
    "See which servers HAProxy considers up.",
    "ssh admin@{address} \"echo 'show servers state' | socat UNIX-CONNECT:/tmp/haproxy.socket stdio\"",
)
RESTART_HAPROXY = Remedy(
    "Restart HAProxy. This closes its open connections.",
    "ssh admin@{address} 'pfSsh.php playback svc restart haproxy'",
)
SOCKSTAT = Remedy("See which ports HAProxy has bound.", "ssh admin@{address} 'sockstat -l | grep haproxy'")
REDIRECTS = Remedy(
    "See where NAT forwards the mail ports.",
    "ssh admin@{address} 'pfctl -sn' | grep -E 'port = (25|submission|imaps|smtps)'",
)
HAPROXY_CFG = Remedy("Read HAProxy's configuration.", "ssh admin@{address} 'cat /var/etc/haproxy/haproxy.cfg'")
FILTER_RULES = Remedy("Read the filter's rules.", "ssh admin@{address} 'pfctl -sr'")
SSH_TRY = Remedy("Log in to the edge by hand.", "ssh admin@{address} true")
GATE = Remedy(
    "Make `edge/mailpath-gate` the key's forced command, in one word (docs/pfsense.md): it is handed the whole command."
)
BOOTSTRAP = Remedy(
    "Apply the declared configuration again. This restarts HAProxy.",
    "ssh admin@{address} 'php /tmp/pfsense-haproxy-bootstrap.php'",
)
PING = Remedy("Ping the edge; if it is silent, go to its console.", "ping -c 3 {address}")

LISTENERS = Remedy(
    "See which of the eight ports are open in the Pod.",
    f"{_IN_THE_POD} ss -ltn | grep -E ':(25|2525|465|4465|587|5587|993|10993)\\b'",
)
VOLUMES = Remedy("See how full the volumes are.", f"{_IN_THE_POD} df -hP")
MAIL_LOG = Remedy("Read the end of the mail log.", f"{_LOG} | tail -50")
LOG_FORMAT = Remedy(
    "Compare the log's lines with those that mailpath reads (docs/mail-log.md): a newer server, another log format, or "
    "a container's own frame around each line.",
    f"{_LOG} | tail -5",
)
PROXY_PARAMETER = Remedy(
    "Set `postscreen_upstream_proxy_protocol` for postscreen alone, and take `smtpd_upstream_proxy_protocol` out of "
    "main.cf and of the `smtpd pass` service in master.cf.",
    f"{_IN_THE_POD} postconf -P '*/*/smtpd_upstream_proxy_protocol'",
)
LISTENER_NAMES = Remedy(
    "Set `services.NAME.syslog_name` of the service whose PROXY listener logs under that name (docs/mail-log.md). "
    "Without it, mailpath learns the name from its own handshakes, as soon as they succeed.",
    f"{_IN_THE_POD} postconf -P '*/inet/syslog_name'",
)
OWN_NAME = Remedy(
    "Give the PROXY listener a `syslog_name` of its own in master.cf, as `postfix/smtpd-proxy587`.",
    f"{_IN_THE_POD} postconf -P '*/inet/syslog_name'",
)
PROGRAM_NAMES = Remedy("Let the log name its programs: `journalctl -o short-iso` in place of `-o cat`.")
QUEUE = Remedy("See what waits in the queue.", f"{_IN_THE_POD} postqueue -p")
CLIENTS_SEEN = Remedy(
    "See which addresses the mail server logs for real clients.",
    f"{_LOG} | grep 'smtpd-proxy25.*CONNECT from' | tail -5",
)
NODES = Remedy("See the state of the nodes.", "kubectl get nodes -o wide")
PODS = Remedy("See the state of the Pod.", "kubectl get pods -n mailserver -o wide")
POD_EVENTS = Remedy("Read the Pod's events.", "kubectl describe pod -n mailserver -l app=mailserver")
POD_LOAD = Remedy("See the Pod's load.", "kubectl top pods -n mailserver")
KUBE_PROXY = Remedy(
    "See whether kube-proxy runs on that node.", "kubectl get pods -n kube-system -o wide | grep kube-proxy"
)
SERVICE = Remedy("See the Service's ports.", "kubectl get service mailserver-proxy -n mailserver -o yaml")
USER_PATCHES = Remedy(
    "Read the script that adds the PROXY listeners.",
    "kubectl get configmap mailserver-user-patches -n mailserver -o yaml",
)
DOVECOT_TRUST = Remedy("See whose PROXY headers Dovecot accepts.", f"{_IN_THE_POD} doveconf haproxy_trusted_networks")
POSTCONF_RELAY = Remedy("See for whom Postfix relays.", f"{_IN_THE_POD} postconf mynetworks smtpd_relay_restrictions")
POSTCONF_SERVICES = Remedy(
    "See which Postfix listeners expect a PROXY header.", f"{_IN_THE_POD} postconf -P | grep upstream_proxy_protocol"
)
CERTIFICATE = Remedy(
    "See the certificate that is served.",
    "openssl s_client -connect {host}:993 </dev/null | openssl x509 -noout -dates -subject -issuer",
)
RESTART_MAILSERVER = Remedy(
    "Restart the mail server, which loads its certificate again.",
    "kubectl rollout restart deployment/mailserver -n mailserver",
)
ROUNDTRIP = Remedy(
    "Run the roundtrip by hand.",
    "kubectl create job --from=cronjob/email-roundtrip-monitor probe-test -n mailserver",
)
ROUNDTRIP_LOG = Remedy("Read what its last runs said.", "kubectl logs -n mailserver -l job-name --prefix --tail=50")
READYZ = Remedy("Ask the Kubernetes API how it is.", "kubectl get --raw '/readyz?verbose'")
RBAC = Remedy("Apply the Role that mailpath needs.", "mailpath rbac --namespace monitoring | kubectl apply -f -")

PROBE = Remedy("Read the transcript of one handshake.", "mailpath probe k8s-node1 smtp")
CHECK = Remedy("Probe the whole path once.", "mailpath check")
CONFIG_CHECK = Remedy("See the faults of the configuration.", "mailpath config check")
MAINTENANCE_END = Remedy("End the announced maintenance.", "mailpath maintenance end")
OWN_LOG = Remedy("Read mailpath's own log.")
OWN_PODS = Remedy("See whether mailpath's Pod runs.", "kubectl get pods -A -l app.kubernetes.io/name=mailpath")
OWN_POD_LOG = Remedy("Read the end of mailpath's log.", "kubectl logs -n monitoring deployment/mailpath --tail=50")
OWN_BUGS = Remedy(
    "Find the traceback in mailpath's log.", "kubectl logs -n monitoring deployment/mailpath | grep probe.bug"
)
OWN_STOP = Remedy("Stop mailpath.", "kubectl scale -n monitoring deployment/mailpath --replicas=0")
OWN_ROUTES = Remedy("Where mailpath runs: see its routes, then ping the edge and a node.", "ip route")
MX = Remedy("See where the domain's mail goes.", "dig +short MX example.org")
CHECK_PORT = Remedy("Give those servers `check port`, or remove the backend.")
LESS_NOISE = Remedy(
    "Harmless. On FreeBSD every check of HAProxy is logged: point the servers' `check port` at a healthcheck NodePort, "
    "lengthen `inter`, and drop these lines from the log store."
)


def about(remedy: Remedy, address: str | None, service: Service) -> Remedy:
    """Fill in the edge's address; for a certificate also this service's frontend port, and STARTTLS where needed."""
    if remedy is CERTIFICATE and remedy.command is not None and address is not None:
        starttls = "" if service.protocol.implicit_tls else " -starttls smtp"
        place = f"{quote(host(address))}:{service.frontend_port}{starttls}"
        return replace(remedy, command=remedy.command.replace(f"{_HOST}:993", place))
    return remedy.at(address)


def filled(command: str, address: str, host: str) -> str:
    """A command with an edge's address, and the same as it stands before a port, filled in as given."""
    return command.replace(_ADDRESS, address).replace(_HOST, host)


def host(address: str) -> str:
    """An address as it stands before a port (RFC 3986, section 3.2.2)."""
    return f"[{address}]" if ":" in address else address


def read_object(kind: str, name: str) -> Remedy:
    """The command that shows a configured Service or Secret (``kind``) of the mail server's namespace."""
    details = " -o yaml" if kind == "service" else ""  # a Secret's contents belong on no terminal
    return Remedy(f"See whether the {kind} is there.", f"kubectl get {kind} {quote(name)} -n mailserver{details}")


def on_edge(words: str, address: str, command: str) -> Remedy:
    """A configured command, run on the edge over SSH."""
    return Remedy(words, f"ssh admin@{quote(address)} {quote(command)}")


def probe_again(target: Target) -> Remedy:
    """The command that repeats a target's probe by hand; handshakes and front doors need not be named as such."""
    named = f" --probe {quote(target.probe)}" if target.probe.shown is Shown.TARGET else ""
    return Remedy(
        f"Probe {target.service or target.probe} at {target.node} and read the transcript.",
        f"mailpath probe {quote(target.node)} {quote(target.service)} --path {quote(target.path)}{named}",
    )


def try_port(address: str, port: int) -> Remedy:
    """The command that connects to a port, as a check does."""
    return Remedy("Try the port from where mailpath runs.", f"nc -vz {quote(address)} {port}")
