"""The daemon in this process, on a path of closed loopback ports: start, reload, stop."""

import asyncio
import gc
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

from monitor.config.load import reading
from monitor.config.options import RunOptions
from monitor.core.errors import ConfigError
from monitor.core.maintenance import Maintenance
from monitor.core.verdicts import Verdict
from monitor.daemon import tls
from monitor.daemon.path_watch import PathWatch
from monitor.daemon.service import Daemon
from monitor.links.tls import TlsClient
from tests.daemon.running import running, write
from tests.links.certificates import Authority
from tests.waiting import until


async def test_it_is_ready_when_the_first_checks_have_ended(tmp_path: Path) -> None:
    """Ready means that the first rounds have ended, in failure too; the path may be dead."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        assert not daemon.ready()
        await until(daemon.ready)
        assert daemon.ailment() == ""


async def test_no_round_ends_before_it_is_expected(tmp_path: Path) -> None:
    """Until all paths are arranged nothing else has its turn: a round that nobody expects would not be counted."""
    file = tmp_path / "mailpath.yml"
    write(file, "a", "b")
    others = list[bool]()
    asyncio.get_running_loop().call_soon(others.append, True)  # noqa: FBT003 - what is appended
    async with running(file) as daemon:
        assert not others
        await until(daemon.ready)
        assert others


async def test_verdicts_come_from_real_rounds(tmp_path: Path) -> None:
    """Closed ports on every node are listeners that are down."""
    file = tmp_path / "mailpath.yml"
    write(file, "a", "b")
    async with running(file) as daemon:
        await until(lambda: all(s.verdict is Verdict.LISTENER_DOWN for s in daemon.statuses()[0].handshakes))


async def test_a_reload_adds_and_removes_nodes_and_keeps_the_rest(tmp_path: Path) -> None:
    """A node that stays keeps its state; one that goes is forgotten; one that comes is asked."""
    file = tmp_path / "mailpath.yml"
    write(file, "a", "b")
    async with running(file) as daemon:
        await until(lambda: all(s.verdict is Verdict.LISTENER_DOWN for s in daemon.statuses()[0].handshakes))
        since = {s.target: s.since for s in daemon.statuses()[0].handshakes if s.target.node == "a"}
        write(file, "a", "c")
        await daemon.reload()
        statuses = daemon.statuses()[0].handshakes
        assert {s.target.node for s in statuses} == {"a", "c"}
        assert {s.target: s.since for s in statuses if s.target.node == "a"} == since
        await until(lambda: all(s.up is False for s in daemon.statuses()[0].handshakes))


async def test_of_two_reloads_at_once_the_later_one_is_in_force(tmp_path: Path) -> None:
    """A path that the second one no longer names is not begun by the first one, which was not at its end yet."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    one = file.read_text()
    async with running(file) as daemon:

        async def reload(text: str) -> None:
            file.write_text(text)
            await daemon.reload()

        await asyncio.gather(reload(one + one.partition("paths:")[2].replace("home", "second")), reload(one))
        assert [status.name for status in daemon.statuses()] == ["home"]


async def test_the_systems_certificates_are_not_read_again_for_a_path_that_stays(tmp_path: Path) -> None:
    """A reload takes time that rounds have to wait for; a path whose TLS has changed gets a client of its own."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        with patch.object(tls, "TlsClient", wraps=TlsClient) as made:
            write(file, "a", "b")
            await daemon.reload()
            assert made.call_count == 0
            file.write_text(
                file.read_text().replace("{server_name: mail.example.org}", "{server_name: other.example.org}")
            )
            await daemon.reload()
            assert made.call_count == 1


async def test_a_reload_touches_no_path_that_did_not_change(tmp_path: Path) -> None:
    """The rounds of all others go on meanwhile; services in another order are a change, for the page shows them so."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    one = file.read_text().partition("paths:")[2]
    second, third = (
        f"{name}: {{protocol: smtps, frontend_port: {port}, node_port: {port}, listener_port: {port}, backend: {name}}}"
        for name, port in (("second", 4001), ("third", 4002))
    )
    ordered = one.replace("- name: home", f"- name: home\n    services: {{{second}, {third}}}")
    swapped = one.replace("- name: home", f"- name: home\n    services: {{{third}, {second}}}")
    other = one.replace("home", "other")
    file.write_text(f"paths:{ordered}{other}")
    async with running(file) as daemon:
        with patch.object(PathWatch, "configure", autospec=True, side_effect=PathWatch.configure) as configured:

            async def reloaded(*paths: str) -> list[str]:
                configured.reset_mock()
                file.write_text(f"paths:{''.join(paths)}")
                await daemon.reload()
                return [call.args[1].name for call in configured.call_args_list]

            assert await reloaded(ordered, other) == []
            assert await reloaded(ordered, other.replace("interval: 200ms", "interval: 300ms")) == ["other"]
            assert await reloaded(ordered, other) == ["other"]
            assert await reloaded(swapped, other) == ["home"]
            assert await reloaded(other) == []
            assert await reloaded(ordered, other) == ["home"]
        assert [status.name for status in daemon.statuses()] == ["other", "home"]


async def test_a_file_of_trusted_roots_that_has_changed_is_read_by_a_reload(tmp_path: Path) -> None:
    """An authority is renewed under the same name; the path that trusts it takes it in, once."""
    roots, file = tmp_path / "ca.pem", tmp_path / "mailpath.yml"
    roots.write_bytes(Authority().root.pem)
    write(file, "a")
    file.write_text(file.read_text().replace("mail.example.org}", f"mail.example.org, ca_file: {roots}}}"))
    async with running(file) as daemon:
        with patch.object(PathWatch, "configure", autospec=True, side_effect=PathWatch.configure) as configured:
            await daemon.reload()
            assert configured.call_count == 0
            roots.write_bytes(Authority().root.pem)
            await daemon.reload()
            assert configured.call_count == 1
            await daemon.reload()
            assert configured.call_count == 1


async def test_a_reload_leaves_turns_to_everything_else(tmp_path: Path) -> None:
    """Rounds that are due wait neither for the whole reading nor for all paths; the status is whole at each turn."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    one = file.read_text().partition("paths:")[2]
    file.write_text(f"paths:{one}{one.replace('home', 'other')}")
    async with running(file) as daemon:
        seen = list[tuple[str, ...]]()

        async def look() -> None:
            while True:
                seen.append(tuple("".join(sorted({s.target.node for s in p.handshakes})) for p in daemon.statuses()))
                await asyncio.sleep(0)

        looking = asyncio.get_running_loop().create_task(look())
        await asyncio.sleep(0)
        write(file, "a", "b")
        two = file.read_text().partition("paths:")[2]
        file.write_text(f"paths:{two}{two.replace('home', 'other')}")
        await daemon.reload()
        looking.cancel()
        # once before it, and after each step of the reading
        assert list(dict.fromkeys(seen)) == [("a", "a"), ("ab", "a"), ("ab", "ab")]
        assert seen.count(("a", "a")) > 2


async def test_a_faulty_reload_changes_nothing(tmp_path: Path) -> None:
    """The fault is raised for whoever asked, and what ran runs on."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        await until(daemon.ready)
        before = daemon.config_text()
        file.write_text("paths: [")
        with pytest.raises(ConfigError):
            await daemon.reload()
        assert daemon.config_text() == before
        assert daemon.statuses()[0].name == "home"


async def test_a_path_belongs_to_one_shard(tmp_path: Path) -> None:
    """Of two shards exactly one watches a path."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    watched = []
    for shard in (0, 1):
        async with running(file, shard=shard, total_shards=2) as daemon:
            watched.append(len(daemon.statuses()))
    assert sorted(watched) == [0, 1]


async def test_a_probe_by_hand_keeps_its_distance(tmp_path: Path) -> None:
    """Right after a round, a round by hand gives that one; a target that is none is refused."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        await until(lambda: daemon.statuses()[0].handshakes[0].up is False)
        observation = await daemon.probe("home", "a", "smtp")
        assert observation.target.service == "smtp"
        with pytest.raises(LookupError):
            await daemon.probe("home", "nobody", "smtp")


async def test_what_happens_is_remembered(tmp_path: Path) -> None:
    """Changed verdicts are kept as events, and failed rounds with what was said, for whoever looks."""
    file = tmp_path / "mailpath.yml"
    write(file, "a", "b")
    async with running(file) as daemon:
        await until(lambda: all(s.verdict is Verdict.LISTENER_DOWN for s in daemon.statuses()[0].handshakes))
        target = daemon.statuses()[0].handshakes[0].target
        await until(lambda: bool(daemon.journal.events.since()))
        assert {event.fields["path"] for event in daemon.journal.events.since()} == {"home"}
        remembered = daemon.journal.rounds.of(target)
        assert remembered.failed
        assert len(remembered.rounds) >= len(remembered.failed)


async def test_a_start_that_fails_leaves_nothing_in_the_interpreter(tmp_path: Path) -> None:
    """Nobody goes on watching its searches for garbage."""
    file = tmp_path / "mailpath.yml"
    file.write_text("paths: []\n")
    before = list(gc.callbacks)
    with pytest.raises(ConfigError):
        await Daemon(partial(reading, file, check_files=True), RunOptions()).start()
    assert gc.callbacks == before


async def test_announced_work_is_known_over_a_reload(tmp_path: Path) -> None:
    """It is told as an event, and what changes meanwhile is marked as expected."""
    file = tmp_path / "mailpath.yml"
    write(file, "a")
    async with running(file) as daemon:
        began = daemon.statuses()[0].at
        daemon.maintenance(Maintenance("elsewhere", began, began + 60))
        daemon.maintenance(Maintenance("home", began, began + 60, "new nodes"))
        await daemon.reload()
        work = daemon.statuses()[0].maintenance
        assert work is not None
        assert work.reason == "new nodes"
        await until(lambda: any(event.name == "verdict.changed" for event in daemon.journal.events.since()))
        told = [(event.name, event.fields.get("expected")) for event in daemon.journal.events.since()]
        assert told[0] == ("maintenance.began", None)
        assert {expected for name, expected in told if name == "verdict.changed"} == {"maintenance"}
        daemon.maintenance(Maintenance("home", began, began))
        await until(lambda: any(event.name == "maintenance.ended" for event in daemon.journal.events.since()))
