"""The laboratory's certificate authority, and one certificate for every way in which a certificate can be wrong."""

from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.clock import utc_now
from tests.links.certificates import MARKS, Extension

SERVER_NAME = "mail.example.org"
CHAIN_FILE = "/etc/ssl/mail.pem"
"""Where Postfix and Dovecot find key and certificate, on the pod."""

DAY = timedelta(days=1)


class Authority:
    """Signs what it is asked to."""

    def __init__(self, name: str = "mailpath laboratory") -> None:
        """Make its key and its own certificate."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(name)
        self._certificate = self._sign(self._name, self._key, MARKS)

    def write(self, path: Path) -> None:
        """Write the authority's certificate: a client's ``ca_file``."""
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, server_name: str = SERVER_NAME, begins_in: timedelta = -DAY, ends_in: timedelta = 90 * DAY
    ) -> bytes:
        """Give a new key and a certificate for it, in PEM, as ``smtpd_tls_chain_files`` wants them."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(server_name)])
        certificate = self._sign(_common_name(server_name), key, ((names, False),), begins_in, ends_in)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + certificate.public_bytes(serialization.Encoding.PEM)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: tuple[Extension, ...],
        begins_in: timedelta = -DAY,
        ends_in: timedelta = 90 * DAY,
    ) -> x509.Certificate:
        now = utc_now()
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self._name)
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins_in)
            .not_valid_after(now + ends_in)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(identifier, critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
