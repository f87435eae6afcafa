"""What ``config show`` and ``/config`` give: a file that reads as the same settings."""

import msgspec
import pytest
import yaml

from monitor.config.load import parse
from monitor.config.show import show
from tests.config.documents import COMPLETE, MINIMAL, SHORT, with_block


@pytest.mark.parametrize(
    "data",
    [
        COMPLETE,
        MINIMAL,
        SHORT,
        with_block("services: {imaps: null, smtp: {node_port: 31125}}\nhealthz: {require: {services: [smtp]}}"),
        with_block("kubernetes: {ignore_drift: ['$${X} costs 1 $', 'yes', '10']}"),
        with_block("edges: [{name: a, ssh: {}}, {name: b, address: '2001:db8::1', ssh: a, stats_socket: null}]"),
    ],
)
def test_what_is_shown_reads_as_the_same_settings(data: bytes) -> None:
    """Shown settings are a configuration again, and the same one."""
    settings = parse(data, "")
    assert parse(show(settings).encode(), "", environ={}) == settings


def test_every_default_is_shown() -> None:
    """The short configuration shows every key of the complete one, durations as text."""
    shown = yaml.safe_load(show(parse(SHORT, "")))["paths"][0]
    for block, keys in yaml.safe_load(COMPLETE)["paths"][0].items():
        if isinstance(keys, dict):
            assert shown[block].keys() >= keys.keys()
    assert shown["handshakes"]["interval"] == "1m"
    assert shown["edges"][0]["ssh"]["host"] == "10.0.20.1"
    assert shown["maillog"]["kubernetes"]["namespace"] == "mailserver"


def test_what_cannot_be_shown_is_a_bug() -> None:
    """A value of a type that nobody taught to be shown is an error, never its ``repr``."""

    class Odd(msgspec.Struct):
        thing: object

    with pytest.raises(NotImplementedError):
        show(Odd(object()))
