"""Real certificates for the practice worlds' Linkerd, as its chart makes them: practice_linkerd.py puts them in place.

Their keys are forgotten at once: nothing in a practice cluster is served by them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TEN_YEARS, A_YEAR = timedelta(days=3650), timedelta(days=365)
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Made:
    """A certificate as PEM, with what signs others by it."""

    pem: str
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @property
    def ca_bundle(self) -> str:
        """As webhooks carry it."""
        return base64.b64encode(self.pem.encode()).decode()


def made(common_name: str, lasts: timedelta, signer: Made | None = None) -> Made:
    """A certificate that begins now, signed by itself or by another; ECDSA P-256, an authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if signer is None else signer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lasts)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    signed = builder.sign(key if signer is None else signer.key, hashes.SHA256())
    return Made(signed.public_bytes(serialization.Encoding.PEM).decode().strip(), name, key)
