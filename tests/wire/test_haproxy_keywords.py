"""The words of haproxy.cfg that mailpath knows: none of them is ever named as unknown."""

import pytest

from monitor.wire.haproxy_cfg import parse_configuration
from monitor.wire.haproxy_keywords import PROXIES, PROXY_KEYWORDS, SECTIONS


def test_no_keyword_of_a_proxy_is_unknown() -> None:
    """Each keyword that the manual lists, and one that it does not."""
    needing_words = {"bind", "server", "server-template", "timeout", "default-server", "maxconn", "tcp-check"}
    lines = "".join(f"    {word}\n" for word in sorted(PROXY_KEYWORDS - needing_words - {"http-check", "option", "no"}))
    (backend,) = parse_configuration(f"backend b\n{lines}    brand-new 1\n".encode()).backends
    assert backend.unknown == ("brand-new",)


@pytest.mark.parametrize("section", sorted(SECTIONS - PROXIES - {"global", "defaults"}))
def test_each_section_ends_the_one_before(section: str) -> None:
    """What stands in a section that is no proxy is not taken for a keyword of the proxy above it."""
    (backend,) = parse_configuration(f"backend b\n    mode tcp\n{section} x\n    brand-new 1\n".encode()).backends
    assert backend.unknown == ()
