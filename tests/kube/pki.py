"""The certificates of a small cluster: one authority, and what it signs for servers and for clients."""

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.clock import utc_now
from tests.links.certificates import MARKS, Extension

DAY = timedelta(days=1)


class Pair(NamedTuple):
    """Two files: a certificate and its key."""

    certificate: Path
    key: Path


class Pki:
    """Writes keys and certificates into one directory."""

    def __init__(self, directory: Path) -> None:
        """Make the authority."""
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("mailpath cluster", "")
        self.authority = directory / "ca.crt"
        self._write(self.authority, self._certificate(self._name, self._key, MARKS))

    def server(self, name: str, *addresses: str) -> Pair:
        """Sign a server's certificate for its addresses."""
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(each)) for each in addresses])
        return self._pair(name, "", (names, False))

    def client(self, name: str, group: str = "") -> Pair:
        """Sign a client's certificate; Kubernetes takes CN for its name and O for its group."""
        return self._pair(name, group, (x509.BasicConstraints(ca=False, path_length=None), True))

    def account_key(self) -> Path:
        """Make the key that signs service accounts' tokens."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._write_key(self._directory / "accounts.key", key)

    def trust(self) -> ssl.SSLContext:
        """Give a client's TLS that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.authority))

    def _pair(self, name: str, group: str, extension: Extension) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        stem = self._directory / name.replace(":", "-")
        certificate = self._write(stem.with_suffix(".crt"), self._certificate(_name(name, group), key, (extension,)))
        return Pair(certificate, self._write_key(stem.with_suffix(".key"), key))

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: tuple[Extension, ...]
    ) -> x509.Certificate:
        now = utc_now()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self._name)
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, path: Path, certificate: x509.Certificate) -> Path:
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def _write_key(self, path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Path:
        encryption = serialization.NoEncryption()
        # PKCS 1 and SEC 1: what every version of kube-apiserver reads
        form = serialization.PrivateFormat.TraditionalOpenSSL
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
        return path


def _name(name: str, group: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)
