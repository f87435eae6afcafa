"""How an edge is reached over SSH: what errors name, and what a configuration may leave out."""

from pathlib import Path

from monitor.links.ssh_settings import SshSettings


def test_settings_are_written_as_account_host_and_port() -> None:
    """Errors name the connection this way; no file name of the key is in it."""
    settings = SshSettings("10.0.20.1", "admin", Path("id_ed25519"), Path("known_hosts"))
    assert str(settings) == "admin@10.0.20.1:22"


def test_two_connections_with_the_same_settings_are_the_same() -> None:
    """A reload keeps a link whose settings compare equal, and they can be the key of a table."""
    one, other = (SshSettings("edge", "admin", Path("key"), Path("hosts"), port=2222) for _ in range(2))
    assert len({one, other}) == 1
    assert one != SshSettings("edge", "admin", Path("key"), Path("hosts"))
