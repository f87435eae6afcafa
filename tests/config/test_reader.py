"""Reading typed values: secrets stay secret, and the reader takes exactly what the JSON Schema describes."""

from typing import Annotated, cast

import msgspec
import yaml
from msgspec import Meta

from monitor.config.faults import Faults
from monitor.config.load import parse
from monitor.config.reader import Reader
from monitor.config.show import show
from monitor.config.values import Secret, SecretText
from monitor.core.errors import ConfigError
from tests.config.documents import MINIMAL, faults_of


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block with a secret in it."""

    password: Annotated[SecretText | None, Meta(description="The password.")] = None


def read(text: str, environ: dict[str, str]) -> tuple[Account, list[str]]:
    """Read an account and its faults."""
    faults = Faults("account.yml")
    node = cast("yaml.Node", yaml.compose(text, Loader=yaml.SafeLoader))
    account = Reader(faults, environ).read(node, msgspec.inspect.type_info(Account), "")
    try:
        faults.raise_if_any()
    except ConfigError as error:
        return cast("Account", account), [str(fault) for fault in error.faults]
    return cast("Account", account), []


def test_a_secret_comes_from_the_environment_and_shows_itself_to_nobody() -> None:
    """A secret is equal to itself and revealed on request; its name and its block's show ``<secret>``."""
    account, faults = read("password: ${PASSWORD}", {"PASSWORD": "hunter2"})
    assert faults == []
    assert account.password == Secret("hunter2")
    assert account.password is not None
    assert account.password.reveal() == "hunter2"
    assert len({account.password, Secret("hunter2"), Secret("other")}) == 2
    for shown in (repr(account), f"{account.password}", show(account), str(msgspec.json.schema(Account))):
        assert "hunter2" not in shown
    assert show(account) == "password: <secret>\n"


def test_a_faulty_secret_is_not_shown() -> None:
    """Where a secret is no text, or is empty, the fault says so without it."""
    assert read("password: 271828", {})[1] == [
        "account.yml:1:11: password: expected a text or null, got something else (put it in quotes)"
    ]
    assert read("password: [hunter2]", {})[1] == ["account.yml:1:11: password: expected a text or null, got a list"]
    assert read("password: ''", {})[1] == ["account.yml:1:11: password: expected a text or null, got something else"]


def test_keys_of_any_kind() -> None:
    """Strange keys are unknown keys, shown on one line and cut short."""
    _, faults = read('"a\\nb": 1\n' + "x" * 100 + ": 1\n1: 1\n", {})
    assert faults == [
        "account.yml:1:1: 'a\\nb': unknown key; known here: password",
        f"account.yml:2:1: '{'x' * 80}…': unknown key; known here: password",
        "account.yml:3:1: 1: unknown key; known here: password",
    ]


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
