"""Where health checks connect to, by the rules of a section and the words of a server line."""

import pytest

from monitor.core.edge import CheckConnection
from monitor.wire.haproxy_check import HTTP, TCP, CheckRules
from monitor.wire.haproxy_words import config_lines

OWN = CheckConnection()


def rules(text: str, *, kind: str = TCP) -> CheckRules:
    """Read the rules of one section that has chosen this kind of check."""
    read = CheckRules()
    read.choose({TCP: "tcp-check", HTTP: "httpchk"}[kind])
    for line in config_lines(text):
        read.add(line)
    return read


@pytest.mark.parametrize(
    ("text", "connections"),
    [
        ("", (OWN,)),
        ("tcp-check connect", (OWN,)),
        ("tcp-check connect port 30145", (CheckConnection(30145),)),
        ("tcp-check connect addr 10.0.20.9 port 30145", (CheckConnection(30145, "10.0.20.9"),)),
        ("tcp-check connect addr 10.0.20.9:30145", (CheckConnection(30145, "10.0.20.9"),)),
        ("tcp-check connect addr [2001:db8::9]:30145", (CheckConnection(30145, "2001:db8::9"),)),
        ("tcp-check connect addr 10.0.20.9:1 port 30145", (CheckConnection(30145, "10.0.20.9"),)),
        ("tcp-check connect port 30145 send-proxy", (CheckConnection(30145, header=True),)),
        ("tcp-check connect port 30145 ssl sni str(mail) alpn smtp linger", (CheckConnection(30145),)),
        ("tcp-check connect port 1\ntcp-check expect string 220\ntcp-check connect port 2",
         (CheckConnection(1), CheckConnection(2))),
        ("tcp-check comment first\ntcp-check connect port 1", (CheckConnection(1),)),
        ("tcp-check expect string 220", (OWN,)),
        ("http-check connect port 1", (OWN,)),
    ],
)  # fmt: skip
def test_each_form_of_a_rule(text: str, connections: tuple[CheckConnection, ...]) -> None:
    """The address and port that a rule names, in every form; rules of another kind are not in force."""
    assert rules(text).connections(None, "", header=False) == connections


@pytest.mark.parametrize("port", ["0", "65536", "x", "12ab", "-1", "", "9" * 400])
def test_a_port_that_is_none_is_unreadable(port: str) -> None:
    """A port may be an expression too, which mailpath does not evaluate: it goes where the file does not tell."""
    (connection,) = rules(f"tcp-check connect port {port}").connections(None, "", header=False)
    assert not connection.readable


def test_an_unknown_word_is_unreadable() -> None:
    """A later HAProxy may add words that change where a check goes."""
    (connection,) = rules("tcp-check connect port 30145 teleport").connections(None, "", header=False)
    assert not connection.readable


def test_the_servers_line_comes_last() -> None:
    """A rule's port outweighs that of its address, of the server's ``port`` and of its ``addr``, in this order."""
    plain = rules("tcp-check connect")
    assert plain.connections(2, "10.0.20.9:3", header=False) == (CheckConnection(2, "10.0.20.9"),)
    assert plain.connections(None, "10.0.20.9:3", header=False) == (CheckConnection(3, "10.0.20.9"),)
    assert rules("tcp-check connect port 1").connections(2, "10.0.20.9:3", header=False) == (
        CheckConnection(1, "10.0.20.9"),
    )


def test_only_default_does_what_the_servers_line_says_of_headers() -> None:
    """A rule without ``default`` or ``send-proxy`` sends no header, whatever the server's line says."""
    assert [each.header for each in rules("tcp-check connect").connections(None, "", header=True)] == [False]
    assert [each.header for each in rules("tcp-check connect default").connections(None, "", header=True)] == [True]
    assert [each.header for each in rules("tcp-check expect string 220").connections(None, "", header=True)] == [True]


def test_a_section_inherits_until_its_first_rule() -> None:
    """A copy of ``defaults`` is replaced as a whole by the first rule of the section."""
    inherited = rules("tcp-check connect port 1").copy()
    assert inherited.connections(None, "", header=False) == (CheckConnection(1),)
    for line in config_lines("tcp-check connect port 2"):
        inherited.add(line)
    assert inherited.connections(None, "", header=False) == (CheckConnection(2),)


def test_no_option_takes_its_own_kind_back() -> None:
    """``no option httpchk`` says nothing about ``option tcp-check``."""
    chosen = rules("tcp-check connect port 1")
    chosen.choose("httpchk", on=False)
    assert chosen.connections(None, "", header=False) == (CheckConnection(1),)
    chosen.choose("tcp-check", on=False)
    assert chosen.connections(None, "", header=False) == (OWN,)


def test_rules_are_bounded() -> None:
    """Beyond the most that are kept, the last is unreadable: nothing is claimed of what was not read."""
    many = rules("tcp-check connect port 1\n" * 1000).connections(None, "", header=False)
    assert len(many) < 1000
    assert not many[-1].readable
