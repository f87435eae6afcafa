"""The runbook's path, loaded, and all that is watched of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.config.load import load
from monitor.config.settings import PathSettings
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.probes.kind import watches_of
from monitor.probes.watch import Links, Watch

FOUR_NODES = "\n".join(f"        - {{name: k8s-node{n}, address: 10.0.20.10{n}}}" for n in (1, 2, 3, 4))
HOME = f"""
paths:
  - name: home
    nodes:
      static:
{FOUR_NODES}
    tls: {{server_name: mail.example.org}}
    edges:
      - name: pfsense
        ssh: {{}}
      - name: bridge
        address: 2001:db8:25::1
        stats_socket: null
        ssh: pfsense
        frontend_ports: [25, 993]
    maillog:
      file: {{}}
"""


def settings(tmp_path: Path, text: str = HOME) -> PathSettings:
    """Load a path."""
    file = tmp_path / "mailpath.yml"
    file.write_text(text)
    return load(str(file), check_files=False).paths[0]


@contextmanager
def watching(path: PathSettings) -> Iterator[list[Watch]]:
    """Make every watch of a path; belongs to the running event loop."""
    connector = Connector()
    try:
        yield watches_of(path, Links(connector, TlsClient()))
    finally:
        connector.close()
