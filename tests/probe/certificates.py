"""Certificates for servers that tests dial: made by cryptography, for whichever names and end a test asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ISSUER, NAME, OTHER = "Emojis Test CA", "emoji.emojivoto.svc", "127.7.7.7"


def write_certificate(folder: Path, *, ends_in: timedelta = timedelta(days=30)) -> Path:
    """A file with a key and its certificate, as PEM; the same file is both to servers that take two."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(NAME), x509.IPAddress(ip_address(OTHER))]
    ends = datetime.now(UTC).replace(microsecond=0) + ends_in
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_called(NAME))
        .issuer_name(_called(ISSUER))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=365))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
