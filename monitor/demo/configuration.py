"""The demo's ``mailpath.yml``: what an operator would write, read by the daemon like any other."""

from monitor.demo.layout import SERVER_NAME, SSH_USER
from monitor.demo.mail_path import MailPath


def mailpath_yml(path: MailPath) -> str:
    """Write the configuration for a path. Intervals are short, since somebody is looking on.

    There is no anvil in the simulated mail server, hence no ``client_rate_limit``.
    """
    layout = path.layout
    frontends = ", ".join(str(service.frontend_port) for service in layout.services)
    return f"""\
paths:
  - name: demo
    nodes:
      static:
{_indented(8, (f"- {{name: {node.name}, address: {node.address}}}" for node in layout.nodes))}
    services:
{
        _indented(
            6,
            (
                f"{service.name}: {{frontend_port: {service.frontend_port}, node_port: {service.node_port}, "
                f"check_node_port: {service.check_node_port or 'null'}}}"
                for service in layout.services
            ),
        )
    }
    checks: {{interval: 2s, timeout: 2s, rise: 2, fall: 2}}
    handshakes: {{interval: 2s, fast_interval: 1s, timeout: 3s, slow_after: 1s, client_rate_limit: null}}
    front_door: {{interval: 2s, fast_interval: 1s, timeout: 3s, slow_after: 1s, source_address: {layout.monitor_address}}}
    tls: {{server_name: {SERVER_NAME}, ca_file: {_quoted(path.authority.ca_file)}}}
    edges:
      - name: pfsense
        address: {layout.edge_address}
        interval: 2s
        frontend_ports: [{frontends}]
        optional_ports: []
        ssh:
          port: {layout.ssh_port}
          user: {SSH_USER}
          key_file: {_quoted(path.ssh.key_file)}
          known_hosts_file: {_quoted(path.ssh.known_hosts_file)}
          timeout: 2s
    maillog:
      file: {{path: {_quoted(path.log.path)}}}
"""
