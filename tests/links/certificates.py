"""A certificate authority for tests: certificates good and bad, made on the fly."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from monitor.core.taxonomy import Reason
from tests.clock import utc_now

NAME = "mail.example.org"
YESTERDAY, TOMORROW = timedelta(days=-1), timedelta(days=1)
LONG_AGO, LAST_WEEK, NEXT_WEEK, NEXT_YEAR = (timedelta(days=days) for days in (-365, -7, 7, 365))

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        """The certificate as it goes over the wire."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate and its key in one file, as Postfix and ``load_cert_chain`` take them."""
        return self.certificate.public_bytes(serialization.Encoding.PEM) + self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def server_context(self, directory: Path) -> ssl.SSLContext:
        """Make a server's TLS context of it; the file goes to ``directory``."""
        file = directory / f"{self.certificate.serial_number}.pem"
        file.write_bytes(self.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


CA = x509.BasicConstraints(ca=True, path_length=None)
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
Extension = tuple[x509.ExtensionType, bool]
"""An extension, and whether it is critical."""


def may(**uses: bool) -> x509.KeyUsage:
    """The extension that allows a key these uses, by their names in ``x509.KeyUsage``."""
    return x509.KeyUsage(**dict.fromkeys(_USES, False) | uses)


SIGNS = may(key_cert_sign=True, crl_sign=True)
MARKS: tuple[Extension, ...] = ((CA, True), (SIGNS, True))
"""What makes a certificate an authority's (RFC 5280, section 4.2.1)."""


class Authority:
    """Signs what it is asked to."""

    def __init__(
        self,
        name: str = "mailpath test authority",
        root: Identity | None = None,
        marks: tuple[Extension, ...] = MARKS,
    ) -> None:
        """Make a self-signed root with these extensions, or sign with one that exists."""
        self.root = root or _authority(name, None, None, LONG_AGO, NEXT_YEAR, marks)

    def intermediate(
        self, not_before: timedelta = LONG_AGO, not_after: timedelta = NEXT_YEAR, key: Key | None = None
    ) -> "Authority":
        """Sign another authority; with the key of an earlier one it is that one renewed."""
        return Authority(root=_authority("intermediate", self.root, key, not_before, not_after))

    def issue(
        self,
        name: str = NAME,
        not_before: timedelta = YESTERDAY,
        not_after: timedelta = TOMORROW,
        key: Key | None = None,
        *,
        names_key: bool = True,
    ) -> Identity:
        """Sign a server's certificate for a host name or an IP address; times are relative to now.

        ``names_key`` is whether it has an authority key identifier.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = _builder(_name(name), self.root.certificate.subject, key, not_before, not_after)
        made = made.add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
        if names_key:
            made = made.add_extension(_identifier(self.root.key), critical=False)
        return Identity(made.sign(self.root.key, hashes.SHA256()), key)

    def ca_file(self, directory: Path) -> str:
        """Write the root where a client can trust it."""
        file = directory / f"ca-{self.root.certificate.serial_number}.pem"
        file.write_bytes(self.root.certificate.public_bytes(serialization.Encoding.PEM))
        return str(file)


def bad_certificates(authority: Authority) -> dict[Reason, Identity]:
    """Make one certificate for each way of being refused."""
    return {
        Reason.CERTIFICATE_EXPIRED: authority.issue(not_before=LONG_AGO, not_after=LAST_WEEK),
        Reason.CERTIFICATE_NOT_YET_VALID: authority.issue(not_before=NEXT_WEEK, not_after=NEXT_YEAR),
        Reason.CERTIFICATE_NAME_MISMATCH: authority.issue("www.example.org"),
        Reason.CERTIFICATE_UNTRUSTED: Authority("somebody else").issue(),
    }


BAD = (
    Reason.CERTIFICATE_EXPIRED,
    Reason.CERTIFICATE_NOT_YET_VALID,
    Reason.CERTIFICATE_NAME_MISMATCH,
    Reason.CERTIFICATE_UNTRUSTED,
)


def _authority(  # noqa: PLR0913, PLR0917 - what a certificate is made of
    name: str,
    signer: Identity | None,
    key: Key | None,
    not_before: timedelta,
    not_after: timedelta,
    marks: tuple[Extension, ...] = MARKS,
) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = _name(name) if signer is None else signer.certificate.subject
    made = _builder(_name(name), issuer, key, not_before, not_after)
    for mark, critical in marks:
        made = made.add_extension(mark, critical)
    signs = key if signer is None else signer.key
    made = made.add_extension(_identifier(signs), critical=False)
    return Identity(made.sign(signs, hashes.SHA256()), key)


def _identifier(signer: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, not_before: timedelta, not_after: timedelta
) -> x509.CertificateBuilder:
    now = utc_now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + not_before)
        .not_valid_after(now + not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
