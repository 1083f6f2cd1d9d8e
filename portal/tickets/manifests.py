"""The corrected manifests of a ticket's Jobs, as its last preflight made them, for the people who apply them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.models import Ticket


def manifests_of(session: Session, ticket: Ticket) -> list[dict[str, Any]] | None:
    """`{workload, name, text, notes, withheld, …}` of each target that has one; None before the first preflight."""
    found = queries.latest_evidence(session, ticket.id, "preflight")
    if found is None:
        return None
    left = {f"{link.target.kind}/{link.target.name}" for link in ticket.targets}
    targets = [one for one in found.data.get("targets", []) if one["workload"] in left]
    return [{"workload": one["workload"], **one["manifest"]} for one in targets if "manifest" in one]
