"""What a kind gives the runner: what a reload did not change is recognised, and links are shared."""

from pathlib import Path

from monitor.links.connector import Connector
from monitor.links.ssh_settings import SshSettings
from monitor.links.tls import TlsClient
from monitor.probes.watch import Links
from tests.probes.home import HOME, settings, watching


async def test_the_same_settings_watch_the_same(tmp_path: Path) -> None:
    """A changed interval or port is not the same; nor is anything over another link."""
    slow = HOME + "    handshakes: {interval: 90s}\n"
    with (
        watching(settings(tmp_path)) as watches,
        watching(settings(tmp_path)) as again,
        watching(settings(tmp_path, slow)) as slower,
    ):
        pairs = list(zip(watches, again, strict=True))
        assert all(one.terms == other.terms for one, other in pairs)
        assert all(one.in_step_with(other) for one, other in pairs)
        assert not any(one.same_as(other) for one, other in pairs)
        assert all(each.same_as(each) for each in watches)
        changed = [one.key for one, other in zip(watches, slower, strict=True) if one.terms != other.terms]
    assert sum("/handshake/" in key for key in changed) == 16
    assert {key.split("/")[1] for key in changed} == {"handshake", "ipv6_header"}


async def test_one_ssh_link_serves_all_questions_to_an_edge(tmp_path: Path) -> None:
    """It is closed when nothing uses it any more, and another one takes its place."""
    links = Links(Connector(), TlsClient())
    ssh = SshSettings("127.0.0.1", "admin", tmp_path / "key", tmp_path / "known_hosts")
    first = links.ssh(ssh)
    assert links.ssh(ssh) is first
    await links.keep_only({first})
    assert links.ssh(ssh) is first
    await links.keep_only(())
    assert links.ssh(ssh) is not first
    links.connector.close()
