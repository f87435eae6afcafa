"""What every negative probe does: one dialogue with one node, and its ruling as an observation."""

from pathlib import Path

import pytest

from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.model import MailProtocol, Node, Target
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.negative import Ruling, accepted, refused, untold
from monitor.probes.negative_probe import ClaimingProbe, NegativeSettings
from monitor.wire.mail_dialogue import mail_dialogue
from tests import kinds
from tests.links.certificates import NAME
from tests.links.peers import refusing
from tests.probes.mail_server import NODE, SPAN, mail_server

TARGET = Target("home", kinds.HEADER_ON_CHECK, "", "submission")


class Greeted(ClaimingProbe):
    """A probe for which a served dialogue is an acceptance."""

    def script(self, endpoints: Endpoints) -> Script:
        """Speak as a handshake does."""
        return mail_dialogue(self.settings.protocol, header=self.claim.header(endpoints), helo=self.settings.helo)

    def rule(self, conversation: Conversation) -> Ruling:
        """Rule by how it ended."""
        if conversation.outcome is not None:
            return accepted(Phase.GREETING, conversation.outcome.greeting)
        assert conversation.failure is not None
        connected = conversation.failure.phase is not Phase.CONNECT
        return refused(conversation.failure.detail) if connected else untold(conversation.failure)


def greeted(port: int, tls: TlsClient) -> Greeted:
    """Make the probe."""
    settings = NegativeSettings(TARGET, MailProtocol.SUBMISSION, port, 5.0, NAME, "mailpath.invalid")
    return Greeted(settings, Claim("192.0.2.78", ("10.0.20.1", 587)), tls)


async def test_an_acceptance_is_observed_with_its_words_and_transcript(tmp_path: Path) -> None:
    """The target names no node; the observation says which one was asked."""
    async with mail_server(tmp_path) as (server, port, tls):
        probe = greeted(port, tls)
        asked = await probe.run(Ask(node=NODE))
        seen = probe.judge(asked, SPAN)
    assert (seen.target, seen.node, seen.refused, seen.ok) == (TARGET, NODE.name, False, False)
    assert seen.failure is not None
    assert seen.failure.reason is Reason.ACCEPTED
    assert seen.reply.startswith("220 ")
    assert seen.conversation is asked.conversation
    assert dict(seen.durations) == dict(asked.conversation.phases)
    assert (seen.started, seen.finished, seen.at) == SPAN
    assert [str(header.source.address) for header in server.headers if header.source] == ["192.0.2.78"]


async def test_each_run_asks_the_node_that_it_is_given(tmp_path: Path) -> None:
    """At its address, and at the one port of the settings."""
    async with mail_server(tmp_path) as (_, _, tls):
        with refusing() as port:
            probe = greeted(port, tls)
            other = Node("k8s-node2", "127.0.0.2")
            seen = probe.judge(await probe.run(Ask(node=other)), SPAN)
    assert (seen.node, seen.refused) == ("k8s-node2", None)
    assert seen.failure is not None
    assert (seen.failure.phase, seen.failure.reason) == (Phase.CONNECT, Reason.REFUSED)


async def test_whoever_asks_names_the_node(tmp_path: Path) -> None:
    """The target names none: a probe run without one is a bug of ours, and says so."""
    async with mail_server(tmp_path) as (_, port, tls):
        with pytest.raises(ValueError, match="names no node"):
            await greeted(port, tls).run(NOTHING)
