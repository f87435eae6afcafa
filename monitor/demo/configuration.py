"""The demo's ``mailpath.yml``: what an operator would write, read by the daemon like any other."""

import json
from pathlib import Path

from monitor.core.model import Service
from monitor.demo.layout import SERVER_NAME, SSH_USER
from monitor.demo.mail_path import MailPath

# Intervals are short, since somebody is looking on. The simulated mail server has no anvil, hence no client_rate_limit.
_TEMPLATE = """\
paths:
  - name: demo
    nodes:
      static:
{nodes}
    services:
{services}
    checks: {{interval: 2s, timeout: 1500ms, rise: 2, fall: 2}}
    handshakes: {{interval: 2s, fast_interval: 400ms, timeout: 1500ms, slow_after: 600ms, client_rate_limit: null}}
    front_door:
      {{interval: 2s, fast_interval: 400ms, timeout: 1500ms, slow_after: 600ms, source_address: {monitor_address}}}
    tls: {{server_name: {server_name}, ca_file: {ca_file}}}
    edges:
      - name: pfsense
        address: {edge_address}
        interval: 2s
        slow_interval: 4s
        frontend_ports: [{frontend_ports}]
        optional_ports: []
        ssh: {{port: {ssh_port}, user: {user}, key_file: {key_file}, known_hosts_file: {known_hosts_file}, timeout: 2s}}
    maillog:
      file: {{path: {log_file}}}
"""


def mailpath_yml(path: MailPath) -> str:
    """Write the configuration of a path."""
    layout = path.layout
    return _TEMPLATE.format(
        nodes="\n".join(f"        - {{name: {node.name}, address: {node.address}}}" for node in layout.nodes),
        services="\n".join(map(_service, layout.services)),
        monitor_address=layout.monitor_address,
        server_name=SERVER_NAME,
        ca_file=_quoted(path.authority.ca_file),
        edge_address=layout.edge_address,
        frontend_ports=", ".join(str(service.frontend_port) for service in layout.services),
        ssh_port=layout.ssh_port,
        user=SSH_USER,
        key_file=_quoted(path.ssh.key_file),
        known_hosts_file=_quoted(path.ssh.known_hosts_file),
        log_file=_quoted(path.log.path),
    )


def _service(service: Service) -> str:
    ports = {
        "frontend_port": service.frontend_port,
        "node_port": service.node_port,
        "check_node_port": service.check_node_port,
    }
    written = ", ".join(f"{key}: {json.dumps(port)}" for key, port in ports.items())
    return f"      {service.name}: {{{written}}}"


def _quoted(path: Path) -> str:
    return json.dumps(str(path))  # a JSON string is a YAML one
