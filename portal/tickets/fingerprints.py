"""What makes two tickets the same, as one digest."""

from __future__ import annotations

from typing import Any

from portal import audit
from portal.kinds.base import Kind


def fingerprint_of(
    kind: Kind[Any], cluster: str | None, namespace: str | None, fields: dict[str, Any], tenant: str
) -> str:
    """sha256 over kind, place and what the kind says two asks have in common; explanations are no part of it."""
    same = {"kind": kind.name, "cluster": cluster, "namespace": namespace, "wants": kind.identity(fields)}
    if namespace is None:
        same["tenant"] = tenant
    return audit.sha256(audit.canonical(same))
