"""``${NAME}`` in a text of the configuration: the environment's value; ``$$`` is a dollar sign."""

import re
from collections.abc import Mapping

from monitor.config.faults import shortened

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[^}]*)(?P<end>\})?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ESCAPE = "a dollar sign itself is written $$"


class VariableError(Exception):
    """A text refers to no variable, or to one that is not set; says so without showing any value."""


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Fill in a text's variables; raises ``VariableError`` for the first that cannot be."""

    def value_of(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if not found["end"]:
            raise VariableError(f"{shortened(found[0])} has no closing brace ({_ESCAPE})")
        if not _NAME.fullmatch(found["name"]):
            raise VariableError(f"{shortened(found[0])} names no environment variable ({_ESCAPE})")
        if found["name"] not in environ:
            raise VariableError(f"the environment variable {found['name']} is not set")
        return environ[found["name"]]

    return _REFERENCE.sub(value_of, text)
