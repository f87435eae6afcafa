"""The runbook's commands, as a person types them next: the one place where they stand.

Those about an edge have its ``{address}`` to fill in. The names of namespace, deployment and container are the
runbook's.
"""

from monitor.core.model import Service

_IN_THE_POD = "kubectl exec -n mailserver -c docker-mailserver deployment/mailserver --"
_LOG = "kubectl logs -c docker-mailserver deployment/mailserver -n mailserver"

SHOW_STATE = "ssh admin@{address} \"echo 'show servers state' | socat UNIX-CONNECT:/tmp/haproxy.socket stdio\""
RESTART_HAPROXY = "ssh admin@{address} 'pfSsh.php playback svc restart haproxy'"
SOCKSTAT = "ssh admin@{address} 'sockstat -l | grep haproxy'"
REDIRECTS = "ssh admin@{address} 'pfctl -sn' | grep -E 'port = (25|submission|imaps|smtps)'"
HAPROXY_CFG = "ssh admin@{address} 'cat /var/etc/haproxy/haproxy.cfg'"
FILTER_RULES = "ssh admin@{address} 'pfctl -sr'"
SSH_TRY = "ssh admin@{address} true"
BOOTSTRAP = "ssh admin@{address} 'php /tmp/pfsense-haproxy-bootstrap.php'"

LISTENERS = f"{_IN_THE_POD} ss -ltn | grep -E ':(25|2525|465|4465|587|5587|993|10993)\\b'"
VOLUMES = f"{_IN_THE_POD} df -hP"
MAIL_LOG = f"{_LOG} | tail -50"
QUEUE = f"{_IN_THE_POD} postqueue -p"
CLIENTS_SEEN = f"{_LOG} | grep 'smtpd-proxy25.*CONNECT from' | tail -5"
NODES = "kubectl get nodes -o wide"
PODS = "kubectl get pods -n mailserver -o wide"
SERVICE = "kubectl get service mailserver-proxy -n mailserver -o yaml"
USER_PATCHES = "kubectl get configmap mailserver-user-patches -n mailserver -o yaml"
DOVECOT_TRUST = f"{_IN_THE_POD} doveconf haproxy_trusted_networks"
POSTCONF_RELAY = f"{_IN_THE_POD} postconf mynetworks smtpd_relay_restrictions"
POSTCONF_SERVICES = f"{_IN_THE_POD} postconf -P | grep upstream_proxy_protocol"
CERTIFICATE = "openssl s_client -connect {address}:993 </dev/null | openssl x509 -noout -dates -subject -issuer"
RESTART_MAILSERVER = "kubectl rollout restart deployment/mailserver -n mailserver"
ROUNDTRIP = "kubectl create job --from=cronjob/email-roundtrip-monitor probe-test -n mailserver"
READYZ = "kubectl get --raw '/readyz?verbose'"
RBAC = "mailpath rbac --namespace monitoring | kubectl apply -f -"

PROBE = "mailpath probe k8s-node1 smtp"
CHECK = "mailpath check"


def about(command: str, address: str, service: Service) -> str:
    """Fill in the edge's address; who asks for a certificate asks at this service's frontend, in its own way."""
    if command == CERTIFICATE:
        starttls = "" if service.protocol.implicit_tls else " -starttls smtp"
        host = f"[{address}]" if ":" in address else address
        return command.replace("{address}:993", f"{host}:{service.frontend_port}{starttls}")
    return command.replace("{address}", address)
