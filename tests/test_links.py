"""What the documents point at is there: files, headings, pictures, commands; and what they show is accepted."""

import re
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from monitor.cli import main
from monitor.config.load import parse
from monitor.config.services import DEFAULT_SERVICES

ROOT = Path(__file__).parents[1]
HARDENING = ROOT / "hardening"
PLACES = (".", "docs", "docs/runbook", "helm/mailpath", "bench", "dashboards")
DOCUMENTS = sorted(file for place in PLACES for file in (ROOT / place).glob("*.md"))
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
# "mailpath finds every hop …" is what the roundtrip says.
COMMAND = re.compile(r"\bmailpath (?!finds )((?:config )?[a-z]+)(?= |`|\n)")


def anchors(file: Path) -> set[str]:
    """Give the anchors that headings have on the usual forges: lower case, punctuation dropped, spaces to hyphens."""
    headings = HEADING.findall(FENCED.sub("", file.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(file: Path) -> Iterator[str]:
    """Yield the links of a document that lead nowhere."""
    for link in LINK.findall(FENCED.sub("", file.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = file.parent / path if path else file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    """Files and headings move; who moves them hears of it here."""
    assert list(broken(file)) == []


def test_every_document_is_in_the_index() -> None:
    """What nobody links to, nobody reads."""
    index = (ROOT / "docs" / "README.md").read_text()
    names = {file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert names == set(LINK.findall(index.replace("../helm/mailpath/README.md", ""))) & names


def test_the_commands_that_documents_name_exist() -> None:
    """Whoever types one of them gets its help, not a usage error."""
    named = {command for file in DOCUMENTS for command in COMMAND.findall(shown(file))}
    assert {"run", "check", "config check", "rules"} <= named
    for command in sorted(named):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0, command


def shown(file: Path) -> str:
    """Give what a document sets as code."""
    text = file.read_text()
    return "\n".join([*FENCED.findall(text), *re.findall(r"`[^`\n]+`", FENCED.sub("", text))])


@pytest.mark.parametrize("name", ["README.md", "docs/quick-start.md"])
def test_the_configuration_that_is_shown_is_sound(name: str) -> None:
    """The first block is a whole file; one that begins further in is added to it."""
    first, *more = YAML.findall((ROOT / name).read_text())
    whole = "".join([first, *(block for block in more if block.startswith("    "))])
    assert parse(whole.encode(), name, environ={}).paths[0].name == "home"


def test_the_policy_is_kubernetes_own_and_names_the_listeners() -> None:
    """The NetworkPolicy is valid, and its ports are those of the services."""
    policy = yaml.safe_load((HARDENING / "mailserver-networkpolicy.yaml").read_text())
    kubernetes_validate.validate(policy, "1.37", strict=True)
    everybody, proxied = ([port["port"] for port in rule["ports"]] for rule in policy["spec"]["ingress"])
    assert everybody == [service.check_listener_port for service in DEFAULT_SERVICES.values()]
    assert proxied == [service.listener_port for service in DEFAULT_SERVICES.values()]
