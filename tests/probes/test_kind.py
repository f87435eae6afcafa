"""The table of kinds: what the runbook's path is watched by, where, and as whom."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.probes.handshake import Handshake
from monitor.probes.kind import KINDS
from monitor.probes.watch import Watch
from tests import kinds
from tests.probes.home import HOME, settings, watching


@pytest.fixture
async def watches(tmp_path: Path) -> AsyncIterator[list[Watch]]:
    """Make the watches of the path ``home``."""
    with watching(settings(tmp_path)) as made:
        yield made


def count(watches: list[Watch], probe: kinds.ProbeKind) -> int:
    """Count the targets of a kind."""
    return sum(watch.target.probe is probe for watch in watches)


async def test_the_runbooks_path_has_its_targets(watches: list[Watch]) -> None:
    """Four nodes and the shipped services: twelve checks, sixteen handshakes, the edges' own front doors."""
    assert count(watches, kinds.CHECK) == 12
    assert count(watches, kinds.HANDSHAKE) == 16
    assert count(watches, kinds.FRONT_DOOR) == 4 + 2
    assert count(watches, kinds.HAPROXY) == 1
    assert count(watches, kinds.EDGE) == 2
    assert count(watches, kinds.IPV6_HEADER) == 4
    assert count(watches, kinds.RELAY_CANARY) == 1


async def test_a_kind_watches_targets_of_its_own_name(watches: list[Watch]) -> None:
    """Each name stands in the table once, and whatever is watched belongs to one of them."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert {watch.target.probe for watch in watches} <= {kind.name for kind in KINDS}


async def test_every_handshake_claims_an_address_of_its_own(watches: list[Watch]) -> None:
    """No two targets share a client address; each claims to have connected to the first edge's frontend."""
    handshakes = [watch.probe for watch in watches if isinstance(watch.probe, Handshake)]
    assert len({probe.settings.client_address for probe in handshakes}) == 16
    assert {probe.settings.destination for probe in handshakes} == {("10.0.20.1", port) for port in (25, 465, 587, 993)}


async def test_keys_are_unique(watches: list[Watch]) -> None:
    """Every target has a name and a phase of its own."""
    assert len({watch.key for watch in watches}) == len(watches)
    assert len({watch.cadence.phase for watch in watches}) == len(watches)


async def test_an_edge_of_ipv6_alone_is_claimed_in_its_own_family(tmp_path: Path) -> None:
    """A header names two addresses of one family: with an IPv6 edge the claimed client is of RFC 3849."""
    text = HOME.replace("- name: pfsense\n", "- name: pfsense\n        address: 2001:db8:25::2\n")
    text += "    front_door: {fast_interval: 30s}\n"  # two doors of one family share anvil's budget
    with watching(settings(tmp_path, text)) as found:
        clients = {watch.probe.settings.client_address for watch in found if isinstance(watch.probe, Handshake)}
    assert all(client.startswith("2001:db8:25:") for client in clients)


def test_nothing_switches_on_a_kind() -> None:
    """Whoever asks of which kind a target is asks for a fact of it: that is what a new kind can say of itself."""
    switch = re.compile(r"\bprobe (?:is|is not|==|!=|in|not in) \(?(?:kinds\.|\w*\.?KIND\b)")
    files = list((Path(__file__).parents[2] / "monitor").rglob("*.py"))
    assert len(files) > 200
    assert [file.name for file in files if switch.search(file.read_text())] == []
