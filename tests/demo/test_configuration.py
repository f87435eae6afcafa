"""The demo's mailpath.yml, by the daemon's own reader."""

from pathlib import Path

from monitor.config.load import load
from monitor.demo.configuration import mailpath_yml
from monitor.demo.layout import Layout
from monitor.demo.mail_path import MailPath


async def test_the_configuration_has_no_fault_and_says_what_is_there(tmp_path: Path) -> None:
    """Every file that it names exists, and nodes, services and edge are those of the simulated path."""
    layout = Layout(3)
    path = MailPath(layout, tmp_path, lambda _name, _error: None)
    file = tmp_path / "mailpath.yml"
    file.write_text(mailpath_yml(path))
    (read,) = load(file, check_files=True).paths
    assert read.known_nodes == layout.nodes
    assert read.services == layout.services
    assert read.edges[0].address == layout.edge_address
    assert read.front_door.source_address == layout.monitor_address
    await path.close()


async def test_a_directory_of_any_name_will_do(tmp_path: Path) -> None:
    """File names are quoted."""
    directory = tmp_path / 'a "b": {c} # d'
    directory.mkdir()
    path = MailPath(Layout(), directory, lambda _name, _error: None)
    file = directory / "mailpath.yml"
    file.write_text(mailpath_yml(path))
    (read,) = load(file, check_files=True).paths
    assert read.tls.ca_file == str(directory / "ca.pem")
    await path.close()
