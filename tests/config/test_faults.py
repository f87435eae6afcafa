"""Faults: in the order of the file, and none that only follows from another."""

import pytest

from monitor.config.faults import Complaint, Faults, below, shortened
from monitor.core.errors import ConfigError
from tests.config.documents import faults_of, with_block


class Spot:
    """A place in a text."""

    def __init__(self, line: int, column: int) -> None:
        """Take line and column, from 0."""
        self.line = line
        self.column = column


def test_faults_come_in_the_order_of_the_file() -> None:
    """Whenever a fault is found, it is told where it stands; without a place of its own it stands at its block."""
    faults = Faults("a.yml")
    faults.places.update({"": Spot(0, 0), "a": Spot(3, 1), "a.b": Spot(4, 5)})
    faults.add("z", "third", Spot(9, 0))
    faults.add("a.b.c[0]", "second")
    faults.complain(Complaint("aa", "first"))
    with pytest.raises(ConfigError) as caught:
        faults.raise_if_any()
    assert str(caught.value) == "a.yml:1:1: aa: first\na.yml:5:6: a.b.c[0]: second\na.yml:10:1: z: third"


def test_no_faults_are_no_error() -> None:
    """Without faults nothing is raised."""
    assert Faults("a.yml").raise_if_any() is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        (Complaint("a.b", ""), False),
        (Complaint("a", ""), False),
        (Complaint("a.b.c", ""), False),
        (Complaint("a.bc", ""), True),
        (Complaint("d", "", ("a.b",)), False),
        (Complaint("d", "", ("a.b[2].e",)), False),
        (Complaint("d", "", ("a",)), True),
    ],
)
def test_what_rests_on_a_fault_is_not_told(complaint: Complaint, *, told: bool) -> None:
    """A complaint is kept back where something in it, or something it rests on, could not be read."""
    faults = Faults("a.yml")
    faults.add("a.b", "")
    faults.complain(complaint)
    with pytest.raises(ConfigError) as caught:
        faults.raise_if_any()
    assert len(caught.value.faults) == 1 + told


@pytest.mark.parametrize(
    "block",
    [
        "handshakes: {interval: fast, fast_interval: 2m}",
        "handshakes: {client_network: everything}",
        "handshakes: {client_rate_limit: many, fast_interval: 1s}",
        "edges: [{name: 'a b'}, {name: b, address: '2001:db8::1', ssh: a}]",
        "services: {smtp: {node_port: many}, smtps: {node_port: 30125}}",
        "maillog: {file: here}",
        "healthz: {require: {services: [pop3]}}\nservices: everything",
    ],
)
def test_one_cause_is_one_fault(block: str) -> None:
    """What follows from a value that could not be read is not told as well."""
    assert len(faults_of(with_block(block))) == 1


def test_key_paths() -> None:
    """A key path has dots between keys; a strange key is quoted and cut short."""
    assert below("", "paths") == "paths"
    assert below("paths[0]", "checks") == "paths[0].checks"
    assert below("a", "b.c\n") == "a.'b.c\\n'"
    assert shortened("x" * 90) == f"'{'x' * 80}…'"
