"""Named files: looked for where the configuration is to be run."""

from pathlib import Path

import pytest

from monitor.config.load import load
from monitor.core.errors import ConfigError
from tests.config.documents import SHORT


def test_files_are_checked_on_request(tmp_path: Path) -> None:
    """The files that a configuration names must be there only where it is to be run."""
    file = tmp_path / "mailpath.yml"
    file.write_bytes(SHORT.replace(b"mail.example.org", b"mail.example.org, ca_file: /nowhere/ca.pem"))
    assert load(file, check_files=False).paths[0].tls.ca_file == "/nowhere/ca.pem"
    with pytest.raises(ConfigError) as caught:
        load(file, check_files=True)
    missing = "cannot be read (No such file or directory)"
    key, hosts = "/etc/mailpath/ssh/id_ed25519", "/etc/mailpath/ssh/known_hosts"
    make_key = f"make one with `ssh-keygen -t ed25519 -f {key}` and authorise it"
    fill_hosts = "fill it from `ssh-keyscan -p 22 10.0.20.1` and compare the fingerprints on the edge"
    assert [str(fault).partition(": ")[2] for fault in caught.value.faults] == [
        f"paths[0].tls.ca_file: /nowhere/ca.pem {missing}: give a PEM bundle, or null for the system's",
        f"paths[0].edges[0].ssh.key_file: {key} {missing}: {make_key}",
        f"paths[0].edges[0].ssh.known_hosts_file: {hosts} {missing}: {fill_hosts}",
    ]
