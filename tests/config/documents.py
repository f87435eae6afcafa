"""Configurations for tests: the shortest that is sound, and design values by which to compare."""

MINIMAL = b"""
paths:
  - name: home
    nodes: {static: [{name: k8s-node1, address: 10.0.20.101}]}
    tls: {server_name: mail.example.org}
"""

# Every key with its shipped value, in the words of the documentation.
COMPLETE = b"""
paths:
  - name: home
    nodes:
      static:
        - {name: k8s-node1, address: 10.0.20.101}
      kubernetes:
        selector: "!node-role.kubernetes.io/control-plane"
    services:
      smtp:       {protocol: smtp,       frontend_port: 25,  node_port: 30125, listener_port: 2525,  check_node_port: 30145, check_listener_port: 25,  backend: mailserver_nodes_smtp}
      smtps:      {protocol: smtps,      frontend_port: 465, node_port: 30126, listener_port: 4465,  check_node_port: 30146, check_listener_port: 465, backend: mailserver_nodes_smtps}
      submission: {protocol: submission, frontend_port: 587, node_port: 30127, listener_port: 5587,  check_node_port: 30147, check_listener_port: 587, backend: mailserver_nodes_sub}
      imaps:      {protocol: imaps,      frontend_port: 993, node_port: 30128, listener_port: 10993, check_node_port: null,  check_listener_port: 993, backend: mailserver_nodes_imaps}
    checks:     {interval: 5s, timeout: 3s, rise: 2, fall: 3, mode: silent}
    handshakes: {interval: 60s, fast_interval: 10s, timeout: 20s, rise: 1, fall: 2, slow_after: 5s, client_network: 192.0.2.0/24, client_network_v6: 2001:db8:25::/64, helo: mailpath.invalid, client_ip_proof: [reply, log], reply_interval: 10m, negative_interval: 1h, header_negatives: false, client_rate_limit: 10, transcripts: 20}
    front_door: {interval: 60s, fast_interval: 10s, timeout: 20s, rise: 1, fall: 2, slow_after: 5s, source_address: null, seen_as: [], reply_proof: false}
    tls:        {server_name: mail.example.org, ca_file: null, verify: true}
    edges:
      - name: pfsense
        address: 10.0.20.1
        interval: 10s
        slow_interval: 60s
        nat: true
        frontend_ports: [25, 465, 587, 993]
        optional_ports: [2525]
        stats_socket: /tmp/haproxy.socket
        ssh: {host: 10.0.20.1, port: 22, user: admin, key_file: /etc/mailpath/ssh/id_ed25519, known_hosts_file: /etc/mailpath/ssh/known_hosts, timeout: 10s}
    maillog:
      kubernetes: {selector: app=mailserver, container: docker-mailserver}
      edge_networks: null
      internal_networks: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, "fc00::/7"]
      cluster_networks: null
      wan_silence: 1h
    kubernetes:
      kubeconfig: null
      namespace: mailserver
      deployment: mailserver
      container: docker-mailserver
      proxy_service: mailserver-proxy
      internal_service: mailserver
      roundtrip_cronjob: email-roundtrip-monitor
      config_maps: {mailserver-user-patches: user-patches.sh}
      listeners: connect
      ignore_drift: []
    healthz: {require: {services: [smtp, submission, imaps], healthy_nodes: 1}}
"""

# The same, with everything left out that has a default.
SHORT = b"""
paths:
  - name: home
    nodes: {static: [{name: k8s-node1, address: 10.0.20.101}], kubernetes: {}}
    tls: {server_name: mail.example.org}
    edges: [{ssh: {}}]
    maillog: {kubernetes: {}}
    kubernetes: {}
"""


def with_block(block: str) -> bytes:
    """Give the minimal configuration with a block more, its lines indented as a key of the path."""
    lines = "".join(f"    {line}\n" for line in block.splitlines())
    return MINIMAL + lines.encode()
