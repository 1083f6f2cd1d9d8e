"""What a probe of a port comes to, and of all ports together: the worker writes it down, routing and pages read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.mesh.probing.certificates import CertificateFacts

CLAIMED, NONE, VERIFIED = "claimed", "none", "verified"


class Result(StrEnum):
    """Whether the application encrypts by itself, the weakest first."""

    CONTRADICTED = "contradicted"
    NO_ANSWER = "no answer"
    BLOCKED = "blocked by policy"
    NOT_PROBED = "not probed"
    VERIFIED = "verified"


@dataclass(frozen=True)
class Secured:
    """How a port answered a TLS handshake; `after` is the opening that led there (`tls` for none)."""

    after: str
    protocol: str
    cipher: str
    certificate: CertificateFacts | None

    def to_json(self) -> dict[str, Any]:
        """JSON-safe, for evidence."""
        told = None if self.certificate is None else self.certificate.to_json()
        return {"after": self.after, "protocol": self.protocol, "cipher": self.cipher, "certificate": told}


@dataclass(frozen=True)
class Finding:
    """What a probe came to at one port, and why, in a sentence; `tls` where a handshake told more."""

    result: Result
    why: str
    tls: Secured | None = None


@dataclass(frozen=True)
class Line:
    """The finding of one workload's port, or of several ports that were left out; `where` is a pod or a destination."""

    workload: str
    direction: str
    ports: str
    finding: Finding
    where: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-safe, for evidence."""
        found = self.finding
        return {
            "workload": self.workload,
            "direction": self.direction,
            "ports": self.ports,
            "where": self.where,
            "result": found.result.value,
            "why": found.why,
            "tls": None if found.tls is None else found.tls.to_json(),
        }


def weakest(results: Iterable[Result]) -> Result:
    """The result that all of them can be held to; without any, nothing was probed."""
    order = list(Result)
    return min(results, key=order.index, default=Result.NOT_PROBED)


def weakest_line(lines: Iterable[Line]) -> Line:
    """Of several pods' or destinations' lines of one port the one that counts; raises ValueError for none."""
    order = list(Result)
    return min(lines, key=lambda one: order.index(one.finding.result))


def is_claimed(fields: Mapping[str, Any]) -> bool:
    """Whether the requester says that the application encrypts by itself, so that a probe tries it."""
    return (fields.get("application_encryption") or {}).get("encrypted") is True


def encryption_word(claimed: str | None, probed: Result | None) -> str | None:
    """The policy's word for an application's encryption, once a probe has tried what was claimed.

    What a probe contradicts counts as no encryption; whatever else it cannot tell leaves the claim.
    """
    if claimed != CLAIMED or probed is None:
        return claimed
    return {Result.VERIFIED: VERIFIED, Result.CONTRADICTED: NONE}.get(probed, CLAIMED)


def summary(lines: Iterable[Line]) -> str:
    """The reason of the weakest line, in its own sentence; empty without any."""
    found = list(lines)
    if not found:
        return ""
    worst = weakest_line(found)
    return f"{worst.workload}, {worst.direction} {worst.ports}: {worst.finding.why}"
