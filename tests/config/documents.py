"""Configurations for tests: the shortest one that is sound, the complete one, and what makes them equal."""

from pathlib import Path

import pytest

from monitor.config.load import parse
from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError

ONE_NODE = "static: [{name: k8s-node1, address: 10.0.20.101}]"
MINIMAL = b"""
paths:
  - name: home
    nodes: {static: [{name: k8s-node1, address: 10.0.20.101}]}
    tls: {server_name: mail.example.org}
"""

COMPLETE = (Path(__file__).parent / "data" / "complete.yml").read_bytes()

# The complete one, with everything left out that has a default.
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


def path(block: str = "", nodes: str = ONE_NODE) -> PathSettings:
    """Give the settings of the minimal path with a block more, of these nodes."""
    return parse(with_block(block).replace(ONE_NODE.encode(), nodes.encode()), "").paths[0]


def faults_of(data: bytes, environ: dict[str, str] | None = None) -> list[str]:
    """Give the faults of a configuration, as a person reads them."""
    with pytest.raises(ConfigError) as caught:
        parse(data, "mailpath.yml", environ=environ or {})
    return [str(fault) for fault in caught.value.faults]
