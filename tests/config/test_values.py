"""Scalars: durations there and back, names, hosts, networks."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.load import parse
from monitor.config.settings import Settings
from monitor.config.values import parse_duration, render_duration
from monitor.core.errors import ConfigError, Fault
from tests.config.documents import with_block


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5.0), ("2m", 120.0), ("1h", 3600.0), ("1d", 86400.0), ("1ms", 0.001)]
)
def test_durations(text: str, seconds: float) -> None:
    """Each unit reads as seconds and is written as it was."""
    assert parse_duration(text) == seconds
    assert render_duration(seconds) == text


@given(st.integers(1, 999_999_999), st.sampled_from(["ms", "s", "m", "h", "d"]))
@settings(deadline=None)
def test_durations_there_and_back(number: int, unit: str) -> None:
    """However it is written, a duration is written back as the same one."""
    seconds = parse_duration(f"{number}{unit}")
    assert seconds > 0
    assert parse_duration(render_duration(seconds)) == seconds


@given(st.text(max_size=8) | st.from_regex(r"\A[0-9]{1,3} ?[mshd]{0,3}\n?\Z"))
@settings(deadline=None)
def test_no_other_text_is_a_duration(text: str) -> None:
    """What is read at all is more than nothing and is written with the same digits or fewer."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert seconds > 0
    assert len(render_duration(seconds)) <= len(text) + 2


@pytest.mark.parametrize("text", ["", "5", "0s", "05s", "-5s", "1.5s", "5 s", "5s\n", "5S", "\u0665s", "1m30s", "inf"])
def test_what_is_no_duration(text: str) -> None:
    """A unit is needed, nothing may be zero, and no other script's digits or spaces pass."""
    with pytest.raises(ValueError, match=r"^"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("block", "sound"),
    [
        ("edges: [{ssh: {host: 'fe80::1'}}]", True),
        ("edges: [{ssh: {host: 'fe80::1%em0'}}]", False),
        ("edges: [{ssh: {host: edge.example.org}}]", True),
        ("edges: [{ssh: {host: '-oProxyCommand=x'}}]", False),
        ("edges: [{ssh: {user: 'a b'}}]", False),
        ("edges: [{stats_socket: /var/run/haproxy.sock}]", True),
        ("edges: [{stats_socket: haproxy.sock}]", False),
        ("front_door: {seen_as: [10.0.20.7, '2001:db8::/48']}", True),
        ("front_door: {seen_as: ['2001:db8::1/48']}", False),
        ("front_door: {source_address: localhost}", False),
        ("maillog: {file: {path: '/var/log/mail\\n.log'}}", True),
        ('maillog: {file: {path: "/var/log/mail\\n.log"}}', False),
        ("services: {smtp: {backend: 'mail:smtp'}}", True),
    ],
)
def test_what_texts_may_hold(block: str, *, sound: bool) -> None:
    """Addresses, hosts and paths are what they must be for the shells, labels and headers that they end in."""
    faults: tuple[Fault, ...] = ()
    try:
        parse(with_block(block), "")
    except ConfigError as error:
        faults = error.faults
    assert len(faults) == (0 if sound else 1)


def test_every_text_of_the_settings_has_its_kind() -> None:
    """No field is a bare text: each says what it may hold."""
    bare: list[str] = []

    def visit(kind: msgspec.inspect.Type, place: str, *, known: bool = False) -> None:
        match kind:
            case msgspec.inspect.Metadata(type=inner, extra=extra):
                visit(inner, place, known="scalar" in (extra or {}))
            case msgspec.inspect.StructType(fields=fields):
                for field in fields:
                    visit(field.type, f"{place}.{field.encode_name}")
            case msgspec.inspect.VarTupleType(item_type=item):
                visit(item, place)
            case msgspec.inspect.DictType(key_type=key, value_type=value):
                visit(key, place)
                visit(value, place)
            case msgspec.inspect.UnionType(types=members):
                for member in members:
                    visit(member, place)
            case msgspec.inspect.StrType() | msgspec.inspect.FloatType() if not known:
                bare.append(place)

    visit(msgspec.inspect.type_info(Settings), "")
    assert bare == []
