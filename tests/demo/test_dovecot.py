"""The simulated imap-login, by mailpath's own dialogue and parser."""

from monitor.core.maillog import LineKind, Problem
from tests.demo.stand import CLIENT, NODE, Stand


async def test_imaps_comes_to_its_clean_end(stand: Stand) -> None:
    """TLS after the header, greeting, CAPABILITY, ID, LOGOUT; one line, whose session id has the source port."""
    stand.open("imaps")
    conversation = await stand.converse("imaps")
    assert conversation.failure is None
    assert conversation.outcome is not None
    assert "IMAP4rev1" in conversation.outcome.capabilities
    (record,) = await stand.records()
    assert record.kind is LineKind.IMAP_LOGIN
    assert conversation.endpoints is not None
    assert (record.address, record.port) == (CLIENT, conversation.endpoints.local_port)
    assert (record.local_address, record.problem) == ("10.0.20.1", "")


async def test_what_is_no_tls_ends_in_the_log(stand: Stand) -> None:
    """Dovecot closes, and names OpenSSL's reason."""
    stand.open("imaps", proxied=False)
    assert await stand.say(b"a1 LOGOUT\r\n" * 10) == b""
    (record,) = await stand.records()
    assert (record.address, record.problem) == (NODE.address, Problem.TLS_ERROR)


async def test_who_leaves_in_the_middle_is_a_lost_connection(stand: Stand) -> None:
    """The log says that the connection was closed."""
    stand.open("imaps", proxied=False)
    assert await stand.say(b"") == b""
    (record,) = await stand.records()
    assert record.problem == Problem.LOST_CONNECTION
