"""A path's TLS client: kept over a reload while it trusts the same, made anew when it does not."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.config.load import parse
from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError
from monitor.daemon.tls import tls_client
from tests.links.certificates import Authority

TEXT = b"paths: [{name: home, nodes: {static: [{name: a, address: 192.0.2.1}]}, tls: {server_name: mail.example.org}}]"


def path(ca_file: str | None) -> PathSettings:
    """Give a path that trusts this file, or the system's certificates."""
    settings = parse(TEXT, "mailpath.yml").paths[0]
    return replace(settings, tls=replace(settings.tls, ca_file=ca_file))


def test_the_systems_certificates_are_read_once(tmp_path: Path) -> None:
    """A path that goes on keeps its client, and with it the sessions that can be resumed."""
    kept = tls_client(path(None))
    assert tls_client(path(None), kept) is kept
    assert tls_client(path(Authority().ca_file(tmp_path)), kept) is not kept


def test_a_file_is_read_again_and_matters_if_its_certificates_changed(tmp_path: Path) -> None:
    """The name may stay the same over a renewal."""
    file = Authority().ca_file(tmp_path)
    kept = tls_client(path(file))
    assert tls_client(path(file), kept) is kept
    Path(file).write_bytes(Path(Authority().ca_file(tmp_path)).read_bytes())
    assert tls_client(path(file), kept) is not kept


def test_a_file_that_cannot_be_read_is_a_fault_of_its_setting(tmp_path: Path) -> None:
    """With the place in the configuration."""
    with pytest.raises(ConfigError) as caught:
        tls_client(path(str(tmp_path / "missing.pem")))
    [fault] = caught.value.faults
    assert fault.place == "paths.home.tls.ca_file"
