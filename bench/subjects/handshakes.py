"""Handshakes by the link that all dialogues use: header, banner, EHLO, QUIT; or inside TLS, as ``smtps`` is asked."""

import asyncio
import time

from bench.subjects import arguments, run, tell
from monitor.core.conversation import Endpoints, Script, Send
from monitor.core.model import MailProtocol
from monitor.core.proof import NOTHING
from monitor.links.converse import converse
from monitor.links.record import RESUMED
from monitor.links.tls import TlsClient
from monitor.links.tls_sessions import READS, Reads
from monitor.probes.claim import Claim
from monitor.probes.dialogue import DialogueRule, judge, script
from monitor.wire.smtp import smtp_dialogue

CLAIM = Claim("192.0.2.7", ("10.0.20.1", 25))


def plain(endpoints: Endpoints) -> Script:
    """Speak to a PROXY listener that offers no STARTTLS: what the contenders can do."""
    yield Send(CLAIM.header(endpoints))
    return (yield from smtp_dialogue(helo="mailpath.invalid", encrypted=True))


def in_tls(endpoints: Endpoints) -> Script:
    """Speak as the probe of port 465 does."""
    return script(MailProtocol.SMTPS, NOTHING, header=CLAIM.header(endpoints), helo="mailpath.invalid")


async def main() -> None:
    """Hold so many conversations, some of them at a time; tell the CPU seconds, and how many have resumed a session."""
    asked = arguments()
    count, make = asked["count"], in_tls if asked["tls"] else plain
    keeping = asked.get("sessions", False)
    # Without a reading no session is ever kept.
    tls = TlsClient(asked.get("ca_file"), reads=READS if keeping else Reads(0)) if asked["tls"] else None
    rule = DialogueRule(MailProtocol.SMTPS, header_sent=True, slow_after=5.0)
    places = [f"127.0.0.{number + 1}" if asked["tls"] else "127.0.0.1" for number in range(asked["in_flight"])]
    resumed = 0

    async def several(number: int, place: str) -> None:
        nonlocal resumed
        for _ in range(number):
            held = await converse(make, place, asked["port"], timeout=20, tls=tls, server_name="mail.example.org")
            judgement = judge(rule, held)
            if judgement.failure is not None:
                raise RuntimeError(str(judgement.failure))
            if keeping:
                resumed += sum(isinstance(said, str) and RESUMED in said for _, _, said in held.events)

    await asyncio.gather(*(several(asked["warm_up"], place) for place in places))
    resumed = 0
    cpu = time.process_time()
    await asyncio.gather(*(several(count // asked["in_flight"], place) for place in places))
    tell({"cpu": time.process_time() - cpu, "done": count, "resumed": resumed})


run(main)
