"""Whole files: what is sound loads, what is not gives every fault with its place, and nothing else ever comes out."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.load import load, load_yaml_mapping, parse
from monitor.config.settings import Settings
from monitor.core.errors import ConfigError
from tests.config.documents import COMPLETE, MINIMAL, SHORT, with_block

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yml"))
ENVIRONMENT = {"HUNTER2": "hunter2", "MAIL_HOST": "mail.example.org", "PAUSE": "7s"}


def faults_of(data: bytes, environ: dict[str, str] | None = None) -> list[str]:
    """Give the faults of a configuration, as a person reads them."""
    with pytest.raises(ConfigError) as caught:
        parse(data, "mailpath.yml", environ=environ or {})
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_each_fault_has_its_whole_sentence(file: Path) -> None:
    """A faulty file yields exactly the sentences that its first lines announce, in their order."""
    data = file.read_bytes()
    announced = [line[2:].decode() for line in data.splitlines() if line.startswith(b"# mailpath.yml")]
    assert announced
    assert faults_of(data, ENVIRONMENT) == announced


def test_defaults_are_the_documented_ones() -> None:
    """A configuration with every documented key equals one that leaves out all that has a default."""
    assert parse(COMPLETE, "") == parse(SHORT, "")


def test_absent_blocks_are_switched_off() -> None:
    """Without edges, maillog and kubernetes these sources are off, and the rest has its defaults."""
    path = parse(MINIMAL, "").paths[0]
    assert (path.edges, path.maillog, path.kubernetes, path.nodes.kubernetes) == ((), None, None, None)
    assert [service.name for service in path.services] == ["smtp", "smtps", "submission", "imaps"]


@pytest.mark.parametrize("source", ["kubernetes: {}", "file: {path: /var/log/mail/mail.log}", "stdin: {}"])
def test_each_maillog_source_loads(source: str) -> None:
    """Each of the three sources of the mail log is one that a configuration may have."""
    maillog = parse(with_block(f"maillog: {{{source}}}"), "").paths[0].maillog
    assert maillog is not None
    assert list(maillog.sources) == [source.partition(":")[0]]
    assert maillog.source is next(iter(maillog.sources.values()))


def test_variables_are_filled_in() -> None:
    """``${NAME}`` stands for the environment's value within any text, ``$$`` for a dollar sign, quoted or not."""
    data = MINIMAL.replace(b"mail.example.org", b"'${MAIL_HOST}'") + (
        b"    checks: {interval: $${PAUSE}}\n".replace(b"$$", b"$") + b"    kubernetes: {ignore_drift: ['$${PAUSE}']}\n"
    )
    path = parse(data, "", environ=ENVIRONMENT).paths[0]
    assert path.tls.server_name == "mail.example.org"
    assert path.checks.interval == 7
    assert path.kubernetes is not None
    assert path.kubernetes.ignore_drift == ("${PAUSE}",)


def test_a_variable_gone_astray_is_not_shown() -> None:
    """Where a variable's value does not fit, the fault names the variable and keeps the value to itself."""
    faults = faults_of(with_block("checks: {interval: '${HUNTER2}', mode: '${HUNTER2}'}"), ENVIRONMENT)
    assert len(faults) == 2
    assert all("hunter2" not in fault and "${HUNTER2}" in fault for fault in faults)


def test_anchors_and_merges() -> None:
    """What several paths have in common may be written once; a key of the path's own wins over a merged one."""
    data = MINIMAL.replace(b"- name: home", b"- &home\n    name: home") + b"  - {<<: *home, name: away}\n"
    home, away = parse(data, "").paths
    assert (home.name, away.name) == ("home", "away")
    assert away.tls == home.tls


def test_alias_bombs_are_bounded() -> None:
    """Aliases of aliases, which stand for more than any memory holds, are refused after a bounded effort."""
    ports = b"[" + b"25," * 2000 + b"25]"
    data = MINIMAL + b"    edges: [&e {frontend_ports: " + ports + b"}" + b", *e" * 2000 + b"]\n"
    assert faults_of(data) == ["mailpath.yml: more than 200000 values, once its aliases are followed"]


def test_size_is_bounded() -> None:
    """A file that no configuration could be is refused before it is read as YAML."""
    assert faults_of(b"#" * 300_000) == ["mailpath.yml: larger than 256 KiB, more than a configuration can be"]


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing, or is none, is the operator's fault, in the system's words."""
    for path, reason in ((tmp_path / "mailpath.yml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path, check_files=False)
        assert str(caught.value) == f"{path}: cannot be read: {reason}"


def test_files_are_checked_on_request(tmp_path: Path) -> None:
    """The files that a configuration names must be there only where it is to be run."""
    file = tmp_path / "mailpath.yml"
    file.write_bytes(SHORT.replace(b"mail.example.org", b"mail.example.org, ca_file: /nowhere/ca.pem"))
    assert load(file, check_files=False).paths[0].tls.ca_file == "/nowhere/ca.pem"
    with pytest.raises(ConfigError) as caught:
        load(file, check_files=True)
    key, hosts = "/etc/mailpath/ssh/id_ed25519", "/etc/mailpath/ssh/known_hosts"
    missing = "cannot be read (No such file or directory)"
    assert [str(fault).partition(": ")[2] for fault in caught.value.faults] == [
        f"paths[0].tls.ca_file: /nowhere/ca.pem {missing}: give a PEM bundle, or null for the system's",
        f"paths[0].edges[0].ssh.key_file: {key} {missing}: make one with `ssh-keygen -t ed25519 -f {key}` and authorise it",
        f"paths[0].edges[0].ssh.known_hosts_file: {hosts} {missing}: "
        "fill it from `ssh-keyscan -p 22 10.0.20.1` and compare the fingerprints on the edge",
    ]


def test_other_yaml_files(tmp_path: Path) -> None:
    """A file of another format comes out as plain values; what is no mapping of texts is a fault."""
    file = tmp_path / "web.yml"
    file.write_text("basic_auth_users: {alice: x}\n")
    assert load_yaml_mapping(file) == {"basic_auth_users": {"alice": "x"}}
    file.write_text("")
    assert load_yaml_mapping(file) == {}
    for text in ("- a\n", "1: a\n", "a: 2001-99-99\n", "? [a]\n: b\n", "a: !!binary x\n", "a: !x y\n"):
        file.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_yaml_mapping(file)
        assert len(caught.value.faults) == 1


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, settings or a ``ConfigError`` come out."""
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(data, "", environ={}), Settings)


_SCRAPS = st.sampled_from(
    "paths: |- |  |\n|    |name|: |home|nodes: |static|{|}|[|]|, |tls: |server_name|null|5s|~|*a|&a |<<: |? |! |'|\"|"
    "services: |imaps|edges: |ssh: |maillog: |checks: |interval|25|.nan|2001-01-01|%|---\n|...\n|#|${X}|$$|\t|%YAML 1.1\n".split(
        "|"
    )
)


@given(st.lists(_SCRAPS, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_yaml(text: str) -> None:
    """Whatever is made of YAML's own signs and our own keys, settings or a ``ConfigError`` come out."""
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(MINIMAL + text.encode(), "", environ={}), Settings)
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(text.encode(), "", environ={}), Settings)
