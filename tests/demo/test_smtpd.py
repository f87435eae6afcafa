"""The simulated smtpd, by mailpath's own dialogue and parser."""

from monitor.core.maillog import LineKind, Problem
from monitor.wire.smtp import ReplyProof
from tests.demo.stand import CLIENT, Stand

PROOF = ReplyProof("canary@mailpath.invalid")


async def test_submission_comes_to_its_clean_end(stand: Stand) -> None:
    """Header, banner, EHLO, STARTTLS, EHLO, QUIT; the log has the header's address and no problem."""
    stand.open("submission")
    conversation = await stand.converse("submission", noops=3)
    assert conversation.failure is None
    assert conversation.outcome is not None
    assert conversation.outcome.starttls
    records = await stand.records()
    assert [record.kind for record in records] == [LineKind.SMTPD_CONNECT, LineKind.SMTPD_DISCONNECT]
    assert {record.address for record in records} == {CLIENT}
    assert {record.program for record in records} == {"postfix/smtpd-proxy20587/smtpd"}
    assert records[-1].noops == 3
    assert not any(record.problem for record in records)


async def test_smtps_begins_with_tls(stand: Stand) -> None:
    """The banner comes inside TLS, and AUTH is offered only there."""
    stand.open("smtps")
    conversation = await stand.converse("smtps")
    assert conversation.failure is None
    assert conversation.outcome is not None
    assert "AUTH" in conversation.outcome.capabilities
    assert [record.problem for record in await stand.records()] == ["", ""]


async def test_a_recipient_is_refused_with_the_clients_address(stand: Stand) -> None:
    """The refusal of docker-mailserver's 465 and 587 says which address the server believes, and so does the log."""
    stand.open("submission")
    conversation = await stand.converse("submission", proof=PROOF)
    assert conversation.outcome is not None
    assert conversation.outcome.believed_address == CLIENT
    reject = next(record for record in await stand.records() if record.kind is LineKind.SMTPD_REJECT)
    assert reject.address == CLIENT
    assert reject.text.endswith("from=<> to=<canary@mailpath.invalid> proto=ESMTP helo=<mailpath.invalid>")


async def test_port_25_relays_for_nobody(stand: Stand) -> None:
    """A foreign recipient is refused for itself; that names no address."""
    stand.open("smtp")
    conversation = await stand.converse("smtp", proof=PROOF)
    assert conversation.outcome is not None
    assert conversation.outcome.proof_reply == "554 5.7.1 <canary@mailpath.invalid>: Relay access denied"


async def test_commands_out_of_order_are_refused_and_counted(stand: Stand) -> None:
    """Each gets its reply, and the disconnect line says how many succeeded."""
    stand.open("submission", proxied=False)
    answer = await stand.say(b"HELO x\r\nRCPT TO:<a@example.net>\r\nBOGUS\r\n\0\r\nDATA\r\nVRFY x\r\nAUTH\r\nQUIT\r\n")
    replies = [line[:3] for line in answer.decode().splitlines()]
    assert replies == ["220", "250", "503", "502", "500", "503", "502", "535", "221"]
    await stand.settled()
    log = stand.log.path.read_text()
    assert "helo=1 auth=0/1 rcpt=0/1 data=0/1 vrfy=0/1 quit=1 unknown=0/2 commands=2/8" in log


async def test_mail_before_tls_is_refused_on_submission(stand: Stand) -> None:
    """``smtpd_tls_security_level=encrypt``: nothing goes before STARTTLS."""
    stand.open("submission", proxied=False)
    assert b"530 5.7.0" in await stand.say(b"EHLO x\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n")


async def test_who_leaves_without_quit_is_a_lost_connection(stand: Stand) -> None:
    """The log's word for it is Postfix's."""
    stand.open("submission", proxied=False)
    await stand.say(b"EHLO x\r\n")
    problems = [record.problem for record in await stand.records() if record.problem]
    assert problems == [Problem.LOST_CONNECTION]


async def test_too_many_commands_end_the_session(stand: Stand) -> None:
    """Nobody is served for ever."""
    stand.open("submission", proxied=False)
    answer = await stand.say(b"NOOP\r\n" * 200)
    assert b"421 4.7.0" in answer
