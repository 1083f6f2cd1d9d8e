"""The certificates that a mesh lives on: read from bundles that anybody may see, and how long each lasts. Pure.

Workers read them (workers/certificates.py); pages, the API, metrics and notices ask how each stands. The thresholds and
algorithms are those of `linkerd check`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

WARN_WITHIN = timedelta(days=60)
# What renews itself is late with it after so long.
RENEWAL_GRACE = timedelta(hours=1)
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_RSA_BITS = (2048, 4096)


class Role(StrEnum):
    """What a certificate is for; stored, so a name never changes its meaning."""

    ANCHOR = "trust-anchor"
    ISSUER = "issuer"
    INJECTOR = "proxy-injector"
    SP_VALIDATOR = "sp-validator"
    POLICY_VALIDATOR = "policy-validator"
    TAP_INJECTOR = "tap-injector"
    TAP = "tap"


TITLES: dict[str, str] = {
    Role.ANCHOR: "trust anchor",
    Role.ISSUER: "identity issuer",
    Role.INJECTOR: "proxy injector's webhook",
    Role.SP_VALIDATOR: "service profile validator's webhook",
    Role.POLICY_VALIDATOR: "policy validator's webhook",
    Role.TAP_INJECTOR: "Viz's tap injector's webhook",
    Role.TAP: "Viz's tap API",
}
RENEW: dict[str, str] = {
    Role.ANCHOR: (
        "Add a new trust anchor to the bundle, restart the meshed workloads, and only then take the old one out."
    ),
    Role.ISSUER: "Rotate the issuer by the trust anchor, for the proxies get no certificates after its end.",
}
_RENEW_WEBHOOK = (
    "Renew it by an upgrade of the chart, or have cert-manager do it: after its end the API server cannot call it."
)


class Standing(StrEnum):
    """How a certificate stands at a time."""

    GOOD = "good"
    ENDING = "ending"
    ENDED = "ended"
    NOT_YET = "not yet valid"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Certificate:
    """One certificate as it was read. `weak` says why `linkerd check` refuses its key (None: it does not)."""

    subject: str
    serial: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    algorithm: str
    key: str = "other"

    def weak(self, role: str) -> str | None:
        """Why this key is none that Linkerd takes in that role; None where it is."""
        if role == Role.ISSUER and self.key != "ec-256":
            return f"The key is {self.algorithm}: Linkerd takes an issuer with ECDSA P-256 only."
        if role == Role.ANCHOR and self.key not in ("ec-256", "rsa-2048", "rsa-4096"):
            return f"The key is {self.algorithm}: Linkerd takes anchors with ECDSA P-256, or RSA of 2048 or 4096 bits."
        return None


@dataclass(frozen=True)
class Bundle:
    """The certificates of a bundle, the sha256 of its exact bytes, and how many blocks could not be read."""

    certificates: tuple[Certificate, ...]
    sha256: str
    unreadable: int = 0


def parse_bundle(pem: str | bytes) -> Bundle:
    """Every certificate of a PEM text; what is none is counted, never raised."""
    data = pem.encode() if isinstance(pem, str) else pem
    blocks = _BLOCK.findall(data)
    found = [one for block in blocks if (one := _read(block)) is not None]
    unreadable = len(blocks) - len(found) if blocks else int(bool(data.strip()))
    return Bundle(tuple(found), hashlib.sha256(data).hexdigest(), unreadable)


def parse_ca_bundle(text: str | None) -> Bundle:
    """The same of a `caBundle`, which is base64."""
    try:
        return parse_bundle(base64.b64decode(text or "", validate=False))
    except binascii.Error:
        return Bundle((), "", 1)


def _read(block: bytes) -> Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(block)
        key, algorithm = _key(found)
        return Certificate(
            subject=found.subject.rfc4514_string() or "no name",
            serial=f"{found.serial_number:x}",
            fingerprint=found.fingerprint(hashes.SHA256()).hex(),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            algorithm=algorithm,
            key=key,
        )
    except ValueError:
        return None


def _key(found: x509.Certificate) -> tuple[str, str]:
    key = found.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return (f"ec-{key.key_size}" if key.curve.name == "secp256r1" else "other"), f"ECDSA {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return (f"rsa-{key.key_size}" if key.key_size in _RSA_BITS else "other"), f"RSA {key.key_size}"
    return "other", type(key).__name__.removesuffix("PublicKey").removeprefix("_")


@dataclass(frozen=True)
class Span:
    """From when to when something is valid; `renews_at` is when it renews itself (None: nobody does by itself)."""

    not_before: datetime | None
    not_after: datetime | None
    renews_at: datetime | None = None

    def standing(self, now: datetime, within: timedelta = WARN_WITHIN) -> Standing:
        """How it stands: `ending` from 60 days before its end, or where it should have renewed itself and did not."""
        if self.not_after is None:
            return Standing.UNKNOWN
        if now > self.not_after:
            return Standing.ENDED
        if self.not_before is not None and now < self.not_before:
            return Standing.NOT_YET
        if self.renews_at is not None:
            return Standing.ENDING if now > self.renews_at + RENEWAL_GRACE else Standing.GOOD
        return Standing.ENDING if now + within > self.not_after else Standing.GOOD


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until the end; negative once it has passed."""
    return (not_after - now) // timedelta(days=1)


def title(role: str) -> str:
    """What a certificate in this role is called."""
    return TITLES.get(role, role)


def what_to_do(role: str) -> str:
    """What operators do about the end of a certificate in this role."""
    return RENEW.get(role, _RENEW_WEBHOOK)


STEPS = (0, 1, 7, 14, 30, 60)
"""At how many days before an end operators are told; 0 says that it ended."""


def step(not_after: datetime, now: datetime) -> int | None:
    """The step that an end is at, the nearest of those that are reached; None while it is far."""
    left = not_after - now
    return next((days for days in STEPS if left <= timedelta(days=days)), None)


def sentences(found: Bundle) -> Iterator[str]:
    """What is wrong with a bundle as a whole."""
    if found.unreadable:
        yield f"{found.unreadable} of its certificates cannot be read."
