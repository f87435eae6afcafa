"""What to do next, filled in for the place that it is about: prose is never a command, and a command always runs."""

import ast
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core import runbook
from monitor.core.model import Service
from monitor.core.runbook import CERTIFICATE, MAIL_LOG, OWN_LOG, SHOW_STATE, Remedy, about, on_edge, read_object
from tests.verdict.build import IMAPS, SMTP, SMTPS, SUBMISSION

SHOWN = "</dev/null | openssl x509 -noout -dates -subject -issuer"
MONITOR = Path(runbook.__file__).parents[1]
REMEDIES = {name: value for name, value in vars(runbook).items() if isinstance(value, Remedy)}
PROGRAMS = {
    *("date", "dig", "grep", "ip", "kubectl", "mailpath", "openssl", "ping"),
    *("ssh", "ssh-keygen", "ssh-keyscan", "tail", "ulimit"),
}
HOSTILE = ("a b", "it's", 'say "hi"', "$(reboot)", "`reboot`", "a;reboot", "a|reboot", "a\nreboot", "*", "-o x")


def made() -> Iterator[Remedy]:
    """All remedies that there are, for an edge of each family, and those that take another value."""
    for each in REMEDIES.values():
        for address in ("10.0.20.1", "2001:db8::1"):
            yield from (about(each, address, service) for service in (SMTP, IMAPS))
            yield each.at(address)
    yield from (read_object(kind, "mailserver") for kind in ("service", "secret"))
    yield on_edge("See.", "10.0.20.1", "cat /root/last-backup")


def programs(command: str) -> list[str]:
    """The first word of each part of a pipeline or list."""
    words = list(shlex.shlex(command, posix=True, punctuation_chars="|;&"))
    starts = [0, *(place + 1 for place, word in enumerate(words) if set(word) <= set("|;&"))]
    return [words[start] for start in starts]


@pytest.mark.parametrize(
    ("service", "where"),
    [
        (IMAPS, "10.0.20.1:993"),
        (SMTPS, "10.0.20.1:465"),
        (replace(SMTPS, frontend_port=8465), "10.0.20.1:8465"),
        (SMTP, "10.0.20.1:25 -starttls smtp"),
        (SUBMISSION, "10.0.20.1:587 -starttls smtp"),
    ],
)
def test_a_certificate_is_asked_for_at_the_services_own_frontend(service: Service, where: str) -> None:
    """At its port, and by STARTTLS where TLS does not begin by itself."""
    assert about(CERTIFICATE, "10.0.20.1", service).command == f"openssl s_client -connect {where} {SHOWN}"


def test_an_ipv6_address_stands_in_brackets_before_a_port() -> None:
    """There alone: ssh takes it bare. In a shell brackets are quoted, for they match file names."""
    for remedy in (about(CERTIFICATE, "2001:db8::1", IMAPS), CERTIFICATE.at("2001:db8::1")):
        assert "-connect '[2001:db8::1]':993 " in str(remedy)
    assert str(about(SHOW_STATE, "2001:db8::1", IMAPS)).startswith("ssh admin@2001:db8::1 ")
    assert about(MAIL_LOG, "2001:db8::1", IMAPS) == MAIL_LOG


def test_without_an_edge_a_command_about_one_is_left_out() -> None:
    """Words remain; a command with a gap would not run."""
    for each in REMEDIES.values():
        remedy = each.at(None)
        assert remedy.words == each.words
        assert remedy.command is None or remedy.command == each.command
        assert remedy == about(each, None, IMAPS)
    assert (SHOW_STATE.at(None).command, MAIL_LOG.at(None)) == (None, MAIL_LOG)


def test_every_command_is_one_for_a_shell() -> None:
    """It parses, each part of it begins with a program, and nothing is left to fill in; prose is in the words."""
    commands = {remedy.command for remedy in made() if remedy.command is not None}
    assert len(commands) > len(REMEDIES)
    for command in commands:
        subprocess.run(["/bin/sh", "-n", "-c", command], check=True, capture_output=True)
        assert set(programs(command)) <= PROGRAMS, command
        assert not re.search(r"[{}]|\b(EDGE|NODE|NAME|SERVICE)\b", command), command
    assert {remedy.words for remedy in made() if remedy.command is None} == {
        each.words for each in REMEDIES.values() if each.command is None
    }


@pytest.mark.parametrize("prose", ["ping 10.0.20.1; look at the pfSense console", "mailpath's own log"])
def test_prose_would_be_noticed(prose: str) -> None:
    """What once was behind the button."""
    parsed = subprocess.run(["/bin/sh", "-n", "-c", prose], check=False, capture_output=True).returncode == 0
    assert not parsed or not set(programs(prose)) <= PROGRAMS


def test_all_words_are_sentences() -> None:
    """They stand by themselves, on the page and in an alert."""
    for remedy in made():
        assert re.fullmatch(r"[A-Z].*\.", remedy.words), remedy.words


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_changes_no_command(value: str) -> None:
    """Whatever is filled in arrives at its program as one word."""
    for command, place in (
        (read_object("service", value).command, 3),
        (read_object("secret", value).command, 3),
        (on_edge("See.", "10.0.20.1", value).command, 2),
    ):
        assert command is not None
        assert shlex.split(command)[place] == value
    edge = SHOW_STATE.at(value).command
    assert edge is not None
    assert shlex.split(edge)[1] == f"admin@{value}"


def test_every_remedy_is_made_in_one_place_and_used() -> None:
    """No other module makes one, and none is left over here."""
    trees = [ast.parse(file.read_text()) for file in MONITOR.rglob("*.py") if file.name != "runbook.py"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    assert not [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Remedy")]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "runbook"}
    tables = tomllib.loads((MONITOR / "publish" / "meanings.toml").read_text())
    used |= {name for table in tables.values() for row in table.values() for name in row.get("commands", ())}
    assert REMEDIES.keys() - used == set()
    assert OWN_LOG.command is None
