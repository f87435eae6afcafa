"""``--web.config.file``: the exporter-toolkit's format, every fault at once."""

import ssl
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.publish.web_config import TlsSettings, WebSettings, parse_web_config

HASH = "$2y$10$" + "a" * 53
SECTIONS = "tls_server_config, http_server_config, basic_auth_users"
POLICIES = "NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert"
TOGETHER = "goes together with a client_auth_type that verifies, and only with one"
HEADERS = (
    "Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection"
)


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Path:
    for name in ("tls.crt", "tls.key", "ca.crt"):
        (tmp_path / name).touch()
    return tmp_path


def faults(document: object, directory: Path) -> list[str]:
    """Give the faults of a document, as the operator reads them."""
    with pytest.raises(ConfigError) as caught:
        parse_web_config(document, "web.yml", directory)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("document", [None, {}, {"tls_server_config": None, "basic_auth_users": {}}])
def test_an_empty_file_is_plain_http_for_everyone(document: object, tmp_path: Path) -> None:
    """Everything is optional."""
    settings = parse_web_config(document, "web.yml", tmp_path)
    assert (settings.tls, dict(settings.users), dict(settings.headers)) == (None, {}, {})


def test_a_full_file(directory: Path) -> None:
    """Files are found beside the configuration; names and versions are Go's."""
    document = {
        "tls_server_config": {
            "cert_file": "tls.crt",
            "key_file": str(directory / "tls.key"),
            "client_ca_file": "ca.crt",
            "client_auth_type": "RequireAndVerifyClientCert",
            "min_version": "TLS13",
        },
        "http_server_config": {"http2": True, "headers": {"strict-transport-security": "max-age=31536000"}},
        "basic_auth_users": {"prometheus": HASH},
    }
    settings = parse_web_config(document, "web.yml", directory)
    assert settings.tls == TlsSettings(
        directory / "tls.crt",
        directory / "tls.key",
        directory / "ca.crt",
        ssl.CERT_REQUIRED,
        ssl.TLSVersion.TLSv1_3,
        ssl.TLSVersion.TLSv1_3,
    )
    assert settings.headers == {"Strict-Transport-Security": "max-age=31536000"}
    assert settings.users == {"prometheus": HASH}


@pytest.mark.parametrize(
    ("document", "sentences"),
    [
        ([], ["web.yml: expected a mapping"]),
        (
            {"tls_config": {}},
            [f"web.yml: tls_config: unknown key; expected one of {SECTIONS}"],
        ),
        (
            {"tls_server_config": {}},
            [
                "web.yml: tls_server_config.cert_file: is required: the path of a PEM file",
                "web.yml: tls_server_config.key_file: is required: the path of a PEM file",
            ],
        ),
        (
            {"tls_server_config": {"cert_file": 7, "key_file": "tls.key"}},
            ["web.yml: tls_server_config.cert_file: expected the path of a PEM file"],
        ),
        (
            {
                "tls_server_config": {
                    "cert_file": "tls.crt",
                    "key_file": "tls.key",
                    "client_auth_type": "RequestClientCert",
                }
            },
            [f"web.yml: tls_server_config.client_auth_type: expected one of {POLICIES}"],
        ),
        (
            {"tls_server_config": {"cert_file": "tls.crt", "key_file": "tls.key", "client_ca_file": "ca.crt"}},
            [f"web.yml: tls_server_config.client_ca_file: {TOGETHER}"],
        ),
        (
            {
                "tls_server_config": {
                    "cert_file": "tls.crt",
                    "key_file": "tls.key",
                    "min_version": "TLS13",
                    "max_version": "TLS12",
                }
            },
            ["web.yml: tls_server_config.max_version: is below min_version"],
        ),
        (
            {"basic_auth_users": {"a": "secret", "b:c": HASH}, "http_server_config": {"http2": "yes"}},
            [
                "web.yml: basic_auth_users.a: expected a bcrypt hash, as htpasswd -nBC 10 prints it",
                "web.yml: basic_auth_users.b:c: a user name holds no colon (RFC 7617, section 2)",
                "web.yml: http_server_config.http2: expected true or false",
            ],
        ),
        (
            {"http_server_config": {"headers": {"X-Frame-Options": "DENY\r\nX: y", "X-Other": "z"}}},
            [
                "web.yml: http_server_config.headers.X-Frame-Options: expected one line of text",
                f"web.yml: http_server_config.headers.X-Other: expected one of {HEADERS}",
            ],
        ),
    ],
)
def test_faults(document: object, sentences: list[str], directory: Path) -> None:
    """Each wrong key has its place and what was expected instead, all of them at once."""
    assert sorted(faults(document, directory)) == sentences


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """The whole path is shown, so that nobody guesses what it was relative to."""
    document = {"tls_server_config": {"cert_file": "no.crt", "key_file": "no.key"}}
    found = faults(document, tmp_path)
    assert found[0] == f"web.yml: tls_server_config.cert_file: no such file: {tmp_path}/no.crt"
    assert len(found) == 2


def test_hashes_are_not_shown() -> None:
    """A settings object in a log or traceback holds no password hash."""
    assert HASH not in repr(WebSettings(users={"prometheus": HASH}))
