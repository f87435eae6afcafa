"""``--web.config.file``: TLS and basic authentication, in the format of the Prometheus exporter-toolkit.

Keys of that format that Python's TLS cannot honour are refused with a reason, never silently ignored.
"""

import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from monitor.core.errors import ConfigError, Fault

_TLS_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
# Go's names of the policies; ssl verifies a client's certificate whenever it asks for one.
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# The headers that exporter-toolkit lets an operator set.
_HEADERS = {
    name.lower(): name
    for name in (
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "X-XSS-Protection",
    )
}
_BCRYPT = re.compile(r"\A\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}\Z")
_Choice = TypeVar("_Choice")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to serve TLS; the files are read again when they change."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Who may ask, over what: ``users`` are bcrypt hashes by name (none: no authentication)."""

    tls: TlsSettings | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_web_config(document: object, place: str, directory: Path) -> WebSettings:
    """Turn a loaded YAML document into settings; relative files are the directory's.

    Args:
        document: What the file holds; ``None`` for an empty one.
        place: The file's name, for faults.
        directory: Where the file stands.

    Raises:
        ConfigError: With every fault at once.
    """
    return _Reader(place, directory).read(document)


class _Reader:
    def __init__(self, place: str, directory: Path) -> None:
        self._place = place
        self._directory = directory
        self._faults: list[Fault] = []

    def read(self, document: object) -> WebSettings:
        sections: dict[str, Callable[[str, object], object]] = {
            "tls_server_config": self._tls,
            "http_server_config": self._http,
            "basic_auth_users": self._users,
        }
        given = self._mapping("", document, sections)
        found = {key: sections[key](key, value) for key, value in given.items() if value is not None}
        if self._faults:
            raise ConfigError(*self._faults)
        settings: dict[str, Any] = {
            "tls": found.get("tls_server_config"),
            "users": found.get("basic_auth_users") or {},
            "headers": found.get("http_server_config") or {},
        }
        return WebSettings(**settings)

    def _tls(self, key: str, value: object) -> TlsSettings | None:
        known = ("cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version", "max_version")
        given = self._mapping(key, value, known)
        files = {name: self._file(f"{key}.{name}", given[name]) for name in known[:3] if name in given}
        for name in known[:2]:
            if name not in given:
                self._fault(f"{key}.{name}", "is required: the path of a PEM file")
        policy = self._choice(f"{key}.client_auth_type", given.get("client_auth_type", "NoClientCert"), _CLIENT_AUTH)
        lowest = self._choice(f"{key}.min_version", given.get("min_version", "TLS12"), _TLS_VERSIONS)
        highest = self._choice(f"{key}.max_version", given.get("max_version", "TLS13"), _TLS_VERSIONS)
        if lowest is not None and highest is not None and lowest > highest:
            self._fault(f"{key}.max_version", "is below min_version")
        if policy is not None and (policy is ssl.CERT_NONE) != ("client_ca_file" not in given):
            self._fault(
                f"{key}.client_ca_file", "goes together with a client_auth_type that verifies, and only with one"
            )
        cert, private = files.get("cert_file"), files.get("key_file")
        if cert is None or private is None or policy is None or lowest is None or highest is None:
            return None
        return TlsSettings(cert, private, files.get("client_ca_file"), policy, lowest, highest)

    def _http(self, key: str, value: object) -> dict[str, str]:
        given = self._mapping(key, value, ("headers", "http2"))
        if not isinstance(given.get("http2", False), bool):
            # HTTP/2 is an offer to the client, and not making it breaks no promise: true and false are both fine.
            self._fault(f"{key}.http2", "expected true or false")
        place = f"{key}.headers"
        headers = {}
        for name, text in self._mapping(place, given.get("headers"), None).items():
            if name.lower() not in _HEADERS:
                self._fault(f"{place}.{name}", f"expected one of {', '.join(_HEADERS.values())}")
            elif not isinstance(text, str) or _CONTROL.search(text):
                self._fault(f"{place}.{name}", "expected one line of text")
            else:
                headers[_HEADERS[name.lower()]] = text
        return headers

    def _users(self, key: str, value: object) -> dict[str, str]:
        users = {}
        for name, digest in self._mapping(key, value, None).items():
            if not isinstance(digest, str) or not _BCRYPT.match(digest):
                self._fault(f"{key}.{name}", "expected a bcrypt hash, as htpasswd -nBC 10 prints it")
            elif ":" in name:
                self._fault(f"{key}.{name}", "a user name holds no colon (RFC 7617, section 2)")
            else:
                users[name] = digest
        return users

    def _mapping(self, key: str, value: object, known: Iterable[str] | None) -> dict[str, object]:
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            self._fault(key, "expected a mapping")
            return {}
        if known is None:
            return value
        names = tuple(known)
        for name in value.keys() - set(names):
            self._fault(f"{key}.{name}".lstrip("."), f"unknown key; expected one of {', '.join(names)}")
        return {name: value[name] for name in names if name in value}

    def _file(self, key: str, value: object) -> Path | None:
        if not isinstance(value, str) or not value:
            self._fault(key, "expected the path of a PEM file")
            return None
        path = self._directory / value
        if not path.is_file():
            self._fault(key, f"no such file: {path}")
        return path

    def _choice(self, key: str, value: object, choices: Mapping[str, _Choice]) -> _Choice | None:
        if isinstance(value, str) and value in choices:
            return choices[value]
        self._fault(key, f"expected one of {', '.join(choices)}")
        return None

    def _fault(self, key: str, message: str) -> None:
        self._faults.append(Fault(f"{self._place}: {key}" if key else self._place, message))
