"""What makes two tickets the same, as one digest, and what of a ticket an approver may grant less of."""

from __future__ import annotations

from typing import Any

from portal import audit
from portal.kinds.base import Kind
from portal.models import Ticket


def fingerprint_of(
    kind: Kind[Any], cluster: str | None, namespace: str | None, fields: dict[str, Any], tenant: str
) -> str:
    """sha256 over kind, place and what the kind says two asks have in common; explanations are no part of it."""
    same = {"kind": kind.name, "cluster": cluster, "namespace": namespace, "wants": kind.identity(fields)}
    if namespace is None:
        same["tenant"] = tenant
    return audit.sha256(audit.canonical(same))


def asked_of(ticket: Ticket) -> dict[str, Any]:
    """What a ticket asks as `Ticket.asked` keeps it once less is granted: fields, seconds and targets."""
    targets = [f"{link.target.kind}/{link.target.name}" for link in ticket.targets]
    return {"fields": ticket.fields, "duration_seconds": ticket.duration_seconds, "targets": targets}
