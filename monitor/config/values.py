"""The scalars of the configuration: how each is written, read and shown, and what a fault says was expected.

In each text ``${NAME}`` is the environment's value, and ``$$`` a dollar sign.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta

from monitor.config.faults import shortened

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = r"[1-9][0-9]{0,8}(ms|s|m|h|d)"
# Kubernetes names fit (RFC 1123, up to 253 characters), and every one is fit to be a label's value as it stands.
_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?"
_BACKEND = r"[A-Za-z0-9_.:-]{1,128}"  # the characters that HAProxy allows in a proxy's name (configuration manual, 4)
_SYSLOG = r"[A-Za-z0-9_./:-]{1,80}"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
# The path becomes part of a command line on the edge: nothing that a shell would read may be in it.
_SOCKET = r"/[A-Za-z0-9_./-]{1,100}"
# A plain address of RFC 5321 section 4.1.2, without quotes: it becomes part of SMTP and IMAP commands.
_MAIL_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_FOLDER = r"[A-Za-z0-9_./ -]{1,200}"
_URL = r"https?://.+"
_LONGEST_TEXT = 1024
_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[^}]*)(?P<end>\})?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ESCAPE = "a dollar sign itself is written $$"


class Secret:
    """A text that shows itself to nobody who does not ask by name; equal to another of the same content."""

    # No dataclass: msgspec would write its fields down.
    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hide the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text itself: for the one who must send it, never for a log or a page."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Compare contents, so that a reload can tell whether a secret has changed."""
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        """Hash the content."""
        return hash(self._text)

    def __repr__(self) -> str:
        """Show that there is one, and nothing of it."""
        return "<secret>"


class Scalar(NamedTuple):
    """One kind of text: what a fault says was expected, and its reader, which raises ``ValueError``."""

    expected: str
    parse: Callable[[str], object]
    secret: bool = False


def scalar_meta(
    expected: str,
    parse: Callable[[str], object] | None = None,
    *,
    pattern: str = "",
    secret: bool = False,
    examples: list[str] | None = None,
) -> Meta:
    """Describe a kind of text to the reader and to the JSON Schema; without ``parse`` it is what ``pattern`` matches.

    The schema's pattern lets ``${VARIABLE}`` pass as well: what it stands for is known only when the file is read.
    """
    schema: dict[str, object] = {"type": "string", "title": expected, "minLength": 1}
    if pattern:
        schema["pattern"] = rf"^({pattern})$|\$\{{"
    if secret:
        schema["writeOnly"] = True
    scalar = Scalar(expected, parse or _matching(pattern), secret)
    return Meta(extra_json_schema=schema, extra={"scalar": scalar}, examples=examples)


def doc(text: str, *, examples: list[str] | None = None) -> Meta:
    """Describe a key: what `docs/configuration.md`, the JSON Schema and a fault about its absence say of it."""
    return Meta(description=text, examples=examples)


def parse_duration(text: str) -> float:
    """Read ``500ms``, ``5s``, ``2m``, ``1h`` or ``1d`` as seconds; ``ValueError`` for anything else, 0 included."""
    if not re.fullmatch(_DURATION, text, re.ASCII):
        raise ValueError(text)
    digits = text.rstrip("dhms")
    return int(digits) * _UNITS[text[len(digits) :]] / 1_000


def render_duration(seconds: float) -> str:
    """Write seconds as the configuration does, in the largest unit that leaves no fraction."""
    milliseconds = round(seconds * 1_000)
    unit = next(unit for unit in reversed(_UNITS) if milliseconds % _UNITS[unit] == 0)
    return f"{milliseconds // _UNITS[unit]}{unit}"


class VariableError(Exception):
    """A text refers to no variable, or to one that is not set; says so without showing any value."""


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Fill in a text's variables; raises ``VariableError`` for the first that cannot be."""

    def value_of(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if not found["end"]:
            raise VariableError(f"{shortened(found[0])} has no closing brace ({_ESCAPE})")
        if not _VARIABLE.fullmatch(found["name"]):
            raise VariableError(f"{shortened(found[0])} names no environment variable ({_ESCAPE})")
        if found["name"] not in environ:
            raise VariableError(f"the environment variable {found['name']} is not set")
        return environ[found["name"]]

    return _REFERENCE.sub(value_of, text)


def _matching(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _parse_text(text: str) -> str:
    if not text or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise ValueError(text)
    return text


def _parse_address(text: str) -> str:
    if "%" in text:  # a zone (RFC 4007) means something on one host only
        raise ValueError(text)
    return str(ipaddress.ip_address(text))


def _parse_host(text: str) -> str:
    return _parse_address(text) if ":" in text else _matching(_HOST)(text)


def _parse_network(text: str) -> str:
    if "%" in text:
        raise ValueError(text)
    return str(ipaddress.ip_network(text))


def _parse_secret(text: str) -> Secret:
    if not text:
        raise ValueError(text)
    return Secret(text)


def _parse_url(text: str) -> str:
    parts = urlsplit(text)
    sound = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment and parts.port != 0
    if not sound or not text.isascii() or not _parse_text(text) or " " in text:
        raise ValueError(text)
    return text.rstrip("/")


def _parse_open_url(text: str) -> str:
    if "@" in urlsplit(text).netloc or "?" in text:  # this one is shown: no credentials
        raise ValueError(text)
    return _parse_url(text)


def _parse_secret_url(text: str) -> Secret:
    return Secret(_parse_url(text))


Duration = Annotated[
    float, scalar_meta("a duration such as 500ms, 5s or 2m", parse_duration, pattern=_DURATION, examples=["5s"])
]
Name = Annotated[
    str, scalar_meta("a name of letters, digits, '-', '_' and '.', with a letter or digit at both ends", pattern=_NAME)
]
BackendName = Annotated[
    str, scalar_meta("a backend's name of letters, digits, '-', '_', '.' and ':'", pattern=_BACKEND)
]
SyslogName = Annotated[
    str,
    scalar_meta(
        "a syslog name of letters, digits, '-', '_', '.', ':' and '/'",
        pattern=_SYSLOG,
        examples=["postfix/submission-proxyprotocol"],
    ),
]
HostName = Annotated[
    str, scalar_meta("a host name such as mail.example.org", pattern=_HOST, examples=["mail.example.org"])
]
Host = Annotated[str, scalar_meta("a host name or an IP address", _parse_host, examples=["10.0.20.1"])]
Address = Annotated[
    str, scalar_meta("an IP address such as 10.0.20.1", _parse_address, examples=["10.0.20.1", "2001:db8::1"])
]
Network = Annotated[
    str,
    scalar_meta("a network such as 10.0.0.0/8, without host bits", _parse_network, examples=["10.0.0.0/8", "fc00::/7"]),
]
FilePath = Annotated[str, scalar_meta("the path of a file", _parse_text, examples=["/etc/mailpath/ca.pem"])]
SocketPath = Annotated[
    str, scalar_meta("the absolute path of a socket, of letters, digits and '_./-'", pattern=_SOCKET)
]
Text = Annotated[str, scalar_meta("a text of printable characters", _parse_text)]
SecretText = Annotated[Secret, scalar_meta("a text", _parse_secret, secret=True)]
MailAddress = Annotated[
    str, scalar_meta("a mail address such as user@example.org", pattern=_MAIL_ADDRESS, examples=["user@example.org"])
]
FolderName = Annotated[str, scalar_meta("a folder's name of letters, digits, blanks and '_./-'", pattern=_FOLDER)]
Url = Annotated[
    str,
    scalar_meta(
        "an http or https URL without credentials", _parse_open_url, pattern=_URL, examples=["https://mail.example.org"]
    ),
]
SecretUrl = Annotated[Secret, scalar_meta("an http or https URL", _parse_secret_url, pattern=_URL, secret=True)]
Port = Annotated[int, Meta(ge=1, le=65535, examples=[25])]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
