"""``ls -l`` of one file: what kind it is, and who may do what with it (POSIX, ``ls``, "STDOUT")."""

import re
import shlex

from monitor.core.edge import FileMode
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

# A letter behind the nine (``+``, ``@``, ``.``) tells of further access methods.
_LINE = re.compile(
    r"(?P<kind>[-bcdlpsw])(?P<mode>(?:[r-][w-][-xsStT]){3})[+@. ]? +[0-9]+ +(?P<owner>\S+) +(?P<group>\S+) .*"
)
_EXECUTES = "xst"
_MAX_LINE = 4096


def command(path: str) -> str:
    """Give the command line for a file, for the edge's ``/bin/sh``."""
    return f"ls -l {shlex.quote(path)}"


def parse_ls(text: bytes | str) -> FileMode:
    """Read the line of one file.

    Raises:
        WireError: ``NOT_FOUND`` for no output, ``MALFORMED`` for anything that is not one such line.

    """
    text = text[: _MAX_LINE + 1].decode("utf-8", "replace") if isinstance(text, bytes) else text[: _MAX_LINE + 1]
    if not text.strip():
        raise WireError(Reason.NOT_FOUND, "ls said nothing")
    match = _LINE.fullmatch(text.strip()) if len(text) <= _MAX_LINE else None
    if match is None:
        raise WireError(Reason.MALFORMED, f"ls: not the line of a file: {text.strip()[:80]!r}", text.encode())
    bits = 0
    for letter in match["mode"]:
        bits = bits << 1 | (letter in "rw" or letter in _EXECUTES)
    return FileMode(match["kind"], bits, match["owner"], match["group"])
