"""Telling a ticket what became of its objects: kept on its link to the target, and as the ticket's problem in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from portal.access.actor import WORKER
from portal.db import database_now
from portal.models import TicketTarget
from portal.states import State
from portal.tickets.moving import take_for_change, testify
from workers.context import Spot

# What is told of one target: the names of objects that somebody deleted (`missing`) or changed (`changed`), of those
# that Meshdesk took away itself (`taken`), and more in sentences (`warnings`). JSON-safe.
Drift = dict[str, list[str]]


def tell(session: Session, spot: Spot, ticket_id: int, drift: Drift) -> None:
    """Keep this on the ticket until something else is told; {} says that all is as it should be."""
    link = session.get_one(TicketTarget, (ticket_id, spot.target_id), populate_existing=True)
    if link.suspended == drift:
        return
    ticket = take_for_change(session, ticket_id, by=WORKER)
    link.suspended = dict(drift)
    if ticket.state is State.ACTIVE:
        ticket.problem = " ".join(_sentences(one.suspended) for one in ticket.targets if one.suspended) or None
    now = database_now(session)
    kind = "drift:suspended" if drift else "drift:mended"
    testify(session, ticket, kind, by=WORKER, now=now, workload=str(spot.ref), removed=drift)


def _sentences(told: dict[str, Any]) -> str:
    return " ".join(_each(told))


def _each(told: dict[str, Any]) -> Iterator[str]:
    if missing := told.get("missing"):
        yield f"Somebody deleted {', '.join(missing)}; Meshdesk does not create it again. Reapply, or release."
    if changed := told.get("changed"):
        yield f"Somebody changed {', '.join(changed)}; Meshdesk does not change it back. Reapply, or release."
    yield from told.get("warnings", ())
