"""Makes the certificates of one control plane. layout.py calls it; the files serve later starts too."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=3650)
LOOPBACK = ("127.0.0.1",)
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def named(cls, directory: Path, name: str) -> Pair:
        """The pair called `name` under `directory`, whether or not it was made already."""
        return cls(directory / f"{name}.crt", directory / f"{name}.key")

    def exists(self) -> bool:
        """Whether both files are there."""
        return self.certificate.is_file() and self.key.is_file()


class Authority:
    """A certificate authority kept in a folder: makes itself on first use, signs servers and clients afterwards."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self.pair = Pair.named(directory, name)
        if not self.pair.exists():
            self._make_root(name)
        self._certificate = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
        self._key = _read_key(self.pair.key)

    def server(self, name: str, *, dns: Sequence[str] = SERVER_NAMES, addresses: Sequence[str] = LOOPBACK) -> Pair:
        """A serving certificate for those DNS names and IP addresses; made once, then the same files again."""
        alternatives: list[x509.GeneralName] = [x509.DNSName(entry) for entry in dns]
        alternatives += [x509.IPAddress(ipaddress.ip_address(entry)) for entry in addresses]
        return self._issue(name, _subject(name), _server_extensions(alternatives))

    def client(self, file_name: str, user: str, groups: Sequence[str] = ()) -> Pair:
        """A client certificate that the API server reads as `user` in `groups`; made once for a file name."""
        extension = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._issue(file_name, _subject(user, groups), [extension])

    def _issue(self, file_name: str, subject: x509.Name, extensions: Sequence[x509.ExtensionType]) -> Pair:
        pair = Pair.named(self._directory, file_name)
        if pair.exists():
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        _write(pair, builder.sign(self._key, hashes.SHA256()), key)
        return pair

    def _make_root(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(name), _subject(name), key)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        _write(self.pair, builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256()), key)


def make_signing_key(directory: Path, name: str) -> Pair:
    """A bare key pair (the `certificate` file holds the public key) for service account tokens; made once."""
    pair = Pair.named(directory, name)
    if not pair.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        pair.certificate.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        _write_key(pair.key, key)
    return pair


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID)
    )


def _server_extensions(alternatives: Sequence[x509.GeneralName]) -> list[x509.ExtensionType]:
    return [x509.SubjectAlternativeName(alternatives), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]


def _subject(common_name: str, organizations: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, entry) for entry in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _write(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(pair.key, key)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
