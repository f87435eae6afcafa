"""Certificates made on the fly."""

import stat
from pathlib import Path

from monitor.core.maillog import LineKind
from monitor.core.taxonomy import Reason
from tests.demo.stand import Stand


async def test_the_daemon_can_trust_the_authority(stand: Stand) -> None:
    """A client that is given the authority's file accepts the mail server's certificate."""
    stand.open("smtps")
    conversation = await stand.converse("smtps")
    assert conversation.failure is None
    assert conversation.tls is not None
    assert conversation.tls.problem is None


async def test_an_expired_certificate_is_noticed_by_who_has_been_here_before(stand: Stand) -> None:
    """No session outlives the change of certificate, and the server hears nothing that it would log as a problem."""
    stand.open("smtps")
    await stand.converse("smtps")
    stand.server.tls = stand.authority.server_context(expired=True)
    conversation = await stand.converse("smtps")
    assert conversation.tls is not None
    assert conversation.tls.problem is Reason.CERTIFICATE_EXPIRED
    assert [record for record in await stand.records() if record.kind is LineKind.PROBLEM] == []


def test_private_keys_are_their_owners_alone(stand: Stand, tmp_path: Path) -> None:
    """Nobody else may read a key, even in a demo."""
    assert stand.authority.ca_file.exists()
    assert stat.S_IMODE((tmp_path / "mail.pem").stat().st_mode) == 0o600
