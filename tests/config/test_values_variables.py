"""``${NAME}``: filled in, escaped, and never shown."""

import pytest

from monitor.config.load import parse
from monitor.config.values import VariableError, expand
from tests.config.documents import faults_of, with_block


def test_variables_are_filled_in() -> None:
    """``${NAME}`` stands for the environment's value within any text, ``$$`` for a dollar sign, quoted or not."""
    blocks = "checks:\n  interval: ${PAUSE}\nkubernetes: {ignore_drift: ['$${PAUSE}']}"
    data = with_block(blocks).replace(b"mail.example.org", b"'${MAIL_HOST}'")
    path = parse(data, "", environ={"MAIL_HOST": "mail.example.org", "PAUSE": "7s"}).paths[0]
    assert path.tls.server_name == "mail.example.org"
    assert path.checks.interval == 7
    assert path.kubernetes is not None
    assert path.kubernetes.ignore_drift == ("${PAUSE}",)


def test_a_variable_gone_astray_is_not_shown() -> None:
    """Where a variable's value does not fit, the fault names the variable and keeps the value to itself."""
    faults = faults_of(with_block("checks: {interval: '${HUNTER2}', mode: '${HUNTER2}'}"), {"HUNTER2": "hunter2"})
    assert len(faults) == 2
    assert all("hunter2" not in fault and "${HUNTER2}" in fault for fault in faults)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("${A}${A}", "xx"), ("$${A}", "${A}"), ("$$$$", "$$"), ("$A ($) $", "$A ($) $"), ("$$${A}", "$x"), ("", "")],
)
def test_dollar_signs(text: str, expanded: str) -> None:
    """Only ``${`` begins a reference; two dollar signs are one, and a lone one is itself."""
    assert expand(text, {"A": "x"}) == expanded


@pytest.mark.parametrize("text", ["${", "${A", "${}", "${1A}", "${A:-x}", "${B}", "a ${B} ${A}"])
def test_what_refers_to_nothing(text: str) -> None:
    """A reference without end, name or value is an error that names it."""
    with pytest.raises(VariableError, match=r"\$|B"):
        expand(text, {"A": "x"})
