"""The words of haproxy.cfg that mailpath knows: they tell at the margin where a section ends."""

import pytest

from monitor.wire.haproxy_cfg import parse_configuration
from monitor.wire.haproxy_words import PROXIES, PROXY_KEYWORDS, SECTIONS

VALUED = {"bind", "server", "server-template", "timeout"}
"""Those whose value has a form: the tests of haproxy_cfg have them."""


@pytest.mark.parametrize("word", sorted(PROXY_KEYWORDS - VALUED))
def test_a_keyword_of_a_proxy_begins_no_section(word: str) -> None:
    """Not even at the margin of a file that indents the rest: what stands behind it is still the proxy's."""
    text = f"backend b\n    mode tcp\n{word} 1\n    server k8s-node1 10.0.20.101:30125\n"
    (backend,) = parse_configuration(text.encode()).backends
    assert [server.name for server in backend.servers] == ["k8s-node1"]


def test_another_word_at_the_margin_begins_one() -> None:
    """It is a section of a later HAProxy."""
    text = "backend b\n    mode tcp\nbrand-new 1\n    server k8s-node1 10.0.20.101:30125\n"
    (backend,) = parse_configuration(text.encode()).backends
    assert backend.servers == ()


@pytest.mark.parametrize("section", sorted(SECTIONS - PROXIES - {"global", "defaults"}))
def test_each_section_ends_the_one_before(section: str) -> None:
    """A server of a section that is no proxy is not one of the proxy above it."""
    text = f"backend b\nmode tcp\n{section} x\nserver peer1 10.0.20.101:1024\n"
    (backend,) = parse_configuration(text.encode()).backends
    assert backend.servers == ()
