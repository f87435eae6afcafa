"""The mail log of a path: what its lines become, and who is told."""

from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.config.addresses import client_addresses
from monitor.config.settings import PathSettings
from monitor.core.observations import AnyObservation, MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.daemon.maillog_watch import MaillogWatch
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
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


def test_counts_are_told_before_their_batch_and_a_new_address_forgets_nothing(tmp_path: Path) -> None:
    """Between a refusal and its ``connect from`` we learn our own address: the peer still is no client, we are."""
    log = tmp_path / "mail.log"
    log.touch()
    told: list[MaillogCounts | AnyObservation] = []
    telemetry = Telemetry()

    async def scenario() -> None:
        shared = Shared(Scheduler(telemetry), Connector(), lambda: 0.0, telemetry.bug, lambda *_: None, lambda _: None)
        watch = MaillogWatch(shared, told.append, told.append)

        async def write(line: str) -> None:
            heard = sum(each.lines for each in told if isinstance(each, MaillogCounts))
            with log.open("a") as file:
                file.write(line)
            await until(lambda: sum(each.lines for each in told if isinstance(each, MaillogCounts)) > heard)

        await watch.configure(path(log))
        await until(lambda: bool(told))  # the first sign of life
        await write(REFUSED)
        watch.learn_own_address("10.0.20.50")
        await write(CONNECT)
        await write(CLIENT)
        await write(LOGIN)
        await watch.stop()
        shared.connector.close()

    run_virtual(scenario())
    assert telemetry.bugs == []
    counts = [each for each in told if isinstance(each, MaillogCounts)]
    assert [each.connections for each in counts if each.connections] == [
        {(5587, Origin.PROBE): 1},
        # without any edge a header names the node, which nobody reaches the stock listener by
        {(10993, Origin.EXTERNAL): 1},
    ]
    pairs = list(zip(told[::2], told[1::2], strict=False))
    assert all(isinstance(first, MaillogCounts) and isinstance(second, MaillogBatch) for first, second in pairs)
    assert all(first.finished == second.finished for first, second in pairs)


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
    ((_, counts),) = await MaillogWatch(shared, lambda _: None, lambda _: None).past(path(log, door), 600.0)
    shared.connector.close()
    assert [origin for _, origin in counts.connections] == [seen]


async def test_the_past_is_read_and_not_followed(tmp_path: Path) -> None:
    """What was written within the time is counted; nothing is told to anybody, and no source stays open."""
    log = tmp_path / "mail.log"
    at = datetime.fromisoformat("2026-11-22T08:26:00+00:00").timestamp()
    log.write_text(f"{REFUSED}{REFUSED.replace('T08', 'T07')}")
    told: list[object] = []
    telemetry = Telemetry()
    shared = Shared(Scheduler(telemetry), Connector(), lambda: at, telemetry.bug, lambda *_: None, lambda _: None)
    watch = MaillogWatch(shared, told.append, told.append)
    past = await watch.past(path(log), 600.0)
    shared.connector.close()
    assert [dict(counts.problems) for _, counts in past] == [{"proxy_header": 1}]
    assert [len(batch.records) for batch, _ in past] == [1]
    assert told == []
    assert await watch.past(replace(path(log), maillog=None), 600.0) == []
    assert await watch.past(path(tmp_path / "missing"), 600.0) == []


def test_a_learned_name_survives_a_reload(tmp_path: Path) -> None:
    """Of settings that have nothing to do with it; the handshake's claimed address has taught it."""
    log = tmp_path / "mail.log"
    log.touch()
    told: list[MaillogCounts | AnyObservation] = []
    telemetry = Telemetry()
    before = path(log)
    (claimed,) = [address for (_, service), address in client_addresses(before).items() if service == "submission"]
    connect = f"{HEAD}postfix/submission-haproxy/smtpd[9]: connect from unknown"

    async def scenario() -> None:
        shared = Shared(Scheduler(telemetry), Connector(), lambda: 0.0, telemetry.bug, lambda *_: None, lambda _: None)
        watch = MaillogWatch(shared, told.append, told.append)
        await watch.configure(before)
        await until(lambda: bool(told))
        with log.open("a") as file:
            file.write(f"{connect}[198.51.100.7]\n{connect}[{claimed}]\n")
        await until(lambda: any(each.lines for each in told if isinstance(each, MaillogCounts)))
        await watch.configure(path(log, "checks: {interval: 7s}"))
        with log.open("a") as file:
            file.write(f"{connect}[198.51.100.7]\n")
        await until(lambda: sum(each.lines for each in told if isinstance(each, MaillogCounts)) > 2)
        await watch.stop()
        shared.connector.close()

    run_virtual(scenario())
    counts = [each for each in told if isinstance(each, MaillogCounts) and each.lines]
    assert [each.connections for each in counts] == [{(5587, Origin.PROBE): 1}, {(5587, Origin.EXTERNAL): 1}]
    assert [each.unnamed.unknown for each in counts] == [(), ()]
