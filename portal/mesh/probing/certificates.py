"""What a server's certificate says: names, issuer and end. Nothing of it is verified: a probe reports, people judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

MOST_NAMES = 20
LONGEST_NAME = 200


@dataclass(frozen=True)
class CertificateFacts:
    """The names of a certificate, who issued it, and when it ends; long lists and names are cut."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    ends: datetime

    @classmethod
    def of(cls, der: bytes) -> CertificateFacts | None:
        """Read a certificate; None where it cannot be read."""
        try:
            found = x509.load_der_x509_certificate(der)
            names = tuple(_cut(name) for name in _names(found))[:MOST_NAMES]
            subject, issuer = (_cut(one.rfc4514_string()) for one in (found.subject, found.issuer))
            return cls(subject, issuer, names, found.not_valid_after_utc.astimezone(UTC))
        except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return None

    def to_json(self) -> dict[str, Any]:
        """JSON-safe, for evidence."""
        ends = self.ends.isoformat(timespec="seconds")
        return {"subject": self.subject, "issuer": self.issuer, "names": list(self.names), "ends": ends}


def _names(certificate: x509.Certificate) -> Iterator[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for sort in (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier):
        yield from map(str, found.get_values_for_type(sort))


def _cut(text: str) -> str:
    # What a server says may be anything: only what can be shown is kept of it.
    shown = "".join(one for one in text if one.isprintable())
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"
