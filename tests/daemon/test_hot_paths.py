"""What is done thousands of times a second stays short: counted in calls, which no machine's speed changes.

The bounds stand a third to a half above what was counted when they were written; ``make bench`` measures the time.
"""

import asyncio
import cProfile
import socket
import threading
from collections.abc import Callable

import pytest
from prometheus_client.exposition import generate_latest

from monitor.config.load import parse
from monitor.core.conversation import Endpoints, Enter, Script, Send
from monitor.core.observations import AnyObservation, MaillogBatch
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Verdict
from monitor.daemon.path_watch import PathWatch
from monitor.daemon.shared import Shared
from monitor.links.connector import Connector, ConnectResult
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.plan import plan_of
from monitor.publish.families import Family, Kind, Labels, StateSet
from monitor.publish.metrics import Metrics
from monitor.publish.sample_lines import SampleLines
from monitor.verdict.path_book import PathBook
from monitor.wire.maillog import MaillogParser
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2
from monitor.wire.smtp import smtp_dialogue
from tests.daemon.collected import Collected

SETTINGS = b"""
paths:
  - name: home
    nodes: {static: [{name: node1, address: 192.0.2.1}, {name: node2, address: 192.0.2.2}]}
    tls: {server_name: mail.example.org}
"""
OF_NO_INTEREST = b"2026-04-19T10:00:00.000000+00:00 mail postfix/qmgr[211]: 4Wx1: removed\n"
CONNECT = (
    b"2026-04-19T10:00:00.000000+00:00 mail postfix/smtpd-proxy25/postscreen[300]: "
    b"CONNECT from [203.0.113.9]:40000 to [10.0.20.1]:25\n"
)
MANY = 1000


def calls(work: Callable[[], object]) -> float:
    """Count the calls, of Python's functions and of C's, that something makes, by the thousand."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats()) / MANY


@pytest.mark.parametrize(("line", "most"), [(OF_NO_INTEREST, 1.5), (CONNECT, 15)])
def test_a_line_of_the_mail_log(line: bytes, most: float) -> None:
    """A line of no interest is searched and no more; one of interest is matched once."""
    parser = MaillogParser()
    parser.feed(line)
    assert calls(lambda: parser.feed(line * MANY)) < most


def test_what_a_line_of_the_mail_log_leads_to() -> None:
    """From record to counters and to all that a path remembers: nothing is classified twice."""
    path = parse(SETTINGS, "mailpath.yml").paths[0]
    metrics = Metrics("", "", lambda: 0.0)
    book = PathBook(plan_of(path, []), metrics.count_maillog)
    records = tuple(MaillogParser().feed(CONNECT * MANY))
    batch = MaillogBatch(path.name, "file", finished=0.0, at=0.0, records=records, lines=MANY)

    def take() -> None:
        book.record(batch)

    take()
    assert calls(take) < 14


async def test_the_end_of_a_check() -> None:
    """A check that says what the last one said: judged, remembered, counted, and nothing else."""
    path = parse(SETTINGS, "mailpath.yml").paths[0]
    metrics = Metrics("", "", lambda: 0.0)
    scheduler, connector = Collected(metrics), Connector()

    def observed(observation: AnyObservation, _news: bool) -> None:  # noqa: FBT001 - what the runner tells
        metrics.observe(observation)

    shared = Shared(
        scheduler, connector, lambda: 0.0, metrics.bug, observed, metrics.count_maillog, on_repeat=metrics.repeat
    )
    watch = PathWatch(path, TlsClient(), shared)
    await watch.configure(path, TlsClient())
    metrics.expect(watch.targets)
    check = next(job.quick for job in scheduler.jobs.values() if job.quick is not None)
    now = asyncio.get_running_loop().time()
    found = ConnectResult(None, 0.001)
    check.conclude(found, now)

    def rounds() -> None:
        for _ in range(MANY):
            check.conclude(found, now)

    counted = calls(rounds)
    await watch.stop()
    connector.close()
    assert counted < 20


def _answer(listener: socket.socket) -> None:
    """Speak SMTP to one client after the other, until the listener is shut down."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            for reply in (b"220 mail\r\n", b"250-mail\r\n250-SIZE\r\n250 CHUNKING\r\n", b"221 Bye\r\n"):
                client.recv(4096)
                client.sendall(reply)


def test_a_handshake() -> None:
    """Header, banner, EHLO, QUIT, to an orderly end: no task, no future and no timer for a wait."""
    header = encode_v2(ProxyHeader.tcp("192.0.2.7", 40001, "192.0.2.1", 25))

    def script(_: Endpoints) -> Script:
        yield Enter(Phase.PROXY_HEADER)
        yield Send(header)
        return (yield from smtp_dialogue(helo="mailpath.invalid", encrypted=True))

    async def several(port: int) -> None:
        for _ in range(MANY // 50):
            held = await converse(script, "127.0.0.1", port, timeout=20, tls=None, server_name="")
            assert held.failure is None

    async def all_of_them(port: int) -> None:
        await asyncio.gather(*(several(port) for _ in range(50)))

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener, asyncio.Runner() as runner:
        server = threading.Thread(target=_answer, args=(listener,))
        server.start()
        counted = calls(lambda: runner.run(all_of_them(listener.getsockname()[1])))
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
    assert counted < 480


def test_a_series_of_a_scrape() -> None:
    """From the second scrape on a series costs its value alone: no labels are sorted, none escaped."""
    family = Family(Kind.GAUGE, "age_seconds", "Age.", ("path", "node"))
    rows: dict[Labels, float] = {("home", f"node{number}"): float(number) for number in range(MANY)}
    lines = SampleLines()
    list(lines.write(family, rows, generate_latest))
    assert calls(lambda: list(lines.write(family, rows, generate_latest))) < 5


def test_a_state_set_of_a_scrape() -> None:
    """From the second scrape on a state set whose state stays costs one look, however many states there are."""
    family = Family(Kind.GAUGE, "verdict", "Verdict.", ("path", "node", "verdict"))
    states = StateSet(tuple(Verdict), {("home", f"node{number}"): Verdict.OK for number in range(MANY)})
    lines = SampleLines()
    list(lines.write_states(family, states, generate_latest))
    assert calls(lambda: list(lines.write_states(family, states, generate_latest))) < 4
