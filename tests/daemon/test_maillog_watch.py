"""The mail log of a path: its batches, and what the path's book makes of them."""

from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.config.addresses import client_addresses
from monitor.config.settings import PathSettings
from monitor.core.observations import MaillogCounts
from monitor.core.verdicts import Origin
from monitor.daemon.maillog_watch import MaillogWatch
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from monitor.probes.plan import plan_of
from monitor.verdict.path_book import PathBook
from tests.config import documents
from tests.daemon.telemetry import Telemetry
from tests.virtual_time import run_virtual
from tests.waiting import until

HEAD = "2026-11-22T08:25:33.782348+00:00 mail "
REFUSED = f"{HEAD}postfix/smtpd-proxy587/smtpd[17377]: warning: haproxy read: EOF\n"
CONNECT = f"{HEAD}postfix/smtpd-proxy587/smtpd[17377]: connect from unknown[10.0.20.101]\n"
LOGIN = (
    f"{HEAD}dovecot: imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=198.51.100.7, "
    "lip=10.0.20.101, TLS, session=<P9FZT9lgpZzAAAJN>\n"
)
CLIENT = f"{HEAD}postfix/smtpd-proxy587/smtpd[17377]: connect from unknown[10.0.20.50]\n"


def path(log: Path, more: str = "") -> PathSettings:
    """Give a path that follows this file."""
    return documents.path(f"maillog: {{file: {{path: {log}}}}}\n{more}")


class Reader:
    """A watch whose batches the path's book records; ``counts`` is what it made of each."""

    def __init__(self, settings: PathSettings) -> None:
        """Follow nothing yet."""
        self.counts: list[MaillogCounts] = []
        self.telemetry = Telemetry()
        self.book = PathBook(plan_of(settings, []), self.counts.append)
        bug = self.telemetry.bug
        self._shared = Shared(Scheduler(self.telemetry), Connector(), lambda: 0.0, bug, lambda *_: None, lambda _: None)
        self.watch = MaillogWatch(self._shared, self.book.record)

    async def write(self, log: Path, text: str) -> None:
        """Append lines; wait until they are counted."""
        wanted = sum(each.lines for each in self.counts) + text.count("\n")
        with log.open("a") as file:
            file.write(text)
        await until(lambda: sum(each.lines for each in self.counts) == wanted)

    async def stop(self) -> None:
        """Follow no more."""
        await self.watch.stop()
        self._shared.connector.close()


def test_each_line_is_counted_once_as_it_comes(tmp_path: Path) -> None:
    """A refused header, its peer, a client: what one batch has taught is known in the next."""
    log = tmp_path / "mail.log"
    log.touch()

    async def scenario() -> Reader:
        reader = Reader(path(log))
        await reader.watch.configure(path(log))
        await until(lambda: bool(reader.counts))  # the first sign of life
        for line in (REFUSED, CONNECT, CLIENT, LOGIN):
            await reader.write(log, line)
        await reader.stop()
        return reader

    reader = run_virtual(scenario())
    assert reader.telemetry.bugs == []
    assert [each.connections for each in reader.counts if each.connections] == [
        {(5587, Origin.INTERNAL): 1},
        # without any edge a header names the node, which nobody reaches the stock listener by
        {(10993, Origin.EXTERNAL): 1},
    ]


@pytest.mark.parametrize(
    ("door", "seen"),
    [
        ("", Origin.LOOPBACK),  # no edge, no front door
        ("edges: [{name: pfsense, address: 127.0.0.1}]", Origin.PROBE),  # the kernel would take it
        (
            "edges: [{name: pfsense, address: 203.0.113.1}]\nfront_door: {source_address: 127.0.0.1}",
            Origin.PROBE,
        ),
        ("edges: [{name: pfsense, address: 203.0.113.1}]", Origin.LOOPBACK),  # the kernel would take another
    ],
)
async def test_our_own_front_door_is_known_before_its_first_round_has_ended(
    tmp_path: Path, door: str, seen: Origin
) -> None:
    """Its lines may be read while it still waits for its last reply, and are no client's."""
    log = tmp_path / "mail.log"
    log.write_text(LOGIN.replace("rip=198.51.100.7, lip=10.0.20.101", "rip=127.0.0.1, lip=127.0.0.1"))
    at = datetime.fromisoformat("2026-11-22T08:26:00+00:00").timestamp()
    telemetry = Telemetry()
    shared = Shared(Scheduler(telemetry), Connector(), lambda: at, telemetry.bug, lambda *_: None, lambda _: None)
    settings, counted = path(log, door), list[MaillogCounts]()
    (batch,) = await MaillogWatch(shared, lambda _: None).past(settings, 600.0)
    shared.connector.close()
    PathBook(plan_of(settings, []), counted.append).record(batch)
    (counts,) = counted
    assert [origin for _, origin in counts.connections] == [seen]


async def test_the_past_is_read_and_not_followed(tmp_path: Path) -> None:
    """What was written within the time is counted; nothing is told to anybody, and no source stays open."""
    log = tmp_path / "mail.log"
    at = datetime.fromisoformat("2026-11-22T08:26:00+00:00").timestamp()
    log.write_text(f"{REFUSED}{REFUSED.replace('T08', 'T07')}")
    told: list[object] = []
    telemetry = Telemetry()
    shared = Shared(Scheduler(telemetry), Connector(), lambda: at, telemetry.bug, lambda *_: None, lambda _: None)
    watch = MaillogWatch(shared, told.append)
    past = await watch.past(path(log), 600.0)
    shared.connector.close()
    assert [[record.problem for record in batch.records] for batch in past] == [["proxy_header"]]
    assert told == []
    assert await watch.past(replace(path(log), maillog=None), 600.0) == []
    assert await watch.past(path(tmp_path / "missing"), 600.0) == []


def test_a_learned_name_survives_a_reload(tmp_path: Path) -> None:
    """Of settings that have nothing to do with it; the handshake's claimed address has taught it."""
    log = tmp_path / "mail.log"
    log.touch()
    before = path(log)
    (claimed,) = [address for (_, service), address in client_addresses(before).items() if service == "submission"]
    connect = f"{HEAD}postfix/submission-haproxy/smtpd[9]: connect from unknown"

    async def scenario() -> Reader:
        reader = Reader(before)
        await reader.watch.configure(before)
        await until(lambda: bool(reader.counts))
        await reader.write(log, f"{connect}[198.51.100.7]\n{connect}[{claimed}]\n")
        after = path(log, "checks: {interval: 7s}")
        reader.book.replan(plan_of(after, []))
        await reader.watch.configure(after)
        await reader.write(log, f"{connect}[198.51.100.7]\n")
        await reader.stop()
        return reader

    counts = [each for each in run_virtual(scenario()).counts if each.lines]
    assert [each.connections for each in counts] == [{(5587, Origin.PROBE): 1}, {(5587, Origin.EXTERNAL): 1}]
    assert [each.unnamed.unknown for each in counts] == [(), ()]
