"""Pages of tickets; for `waiting_for=me` only those where the person's own approval or answer counts now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.models import Ticket
from portal.tickets.standing import is_awaited

Page = tuple[list[Ticket], bool]


def filter_of(asked: dict[str, Any]) -> queries.TicketFilter:
    """The filter that a query means, as ListSchema loads it."""
    same = ("mine", "owed", "tenant", "cluster", "namespace", "kind")
    return queries.TicketFilter(
        states=tuple(asked.get("state", ())),
        waiting_for_me="waiting_for" in asked,
        **{name: asked[name] for name in same if name in asked},
    )


def page(session: Session, wanted: queries.TicketFilter, *, by: Actor, before: int | None, limit: int) -> Page:
    """At most `limit` tickets with numbers below `before`, newest first, and whether there are more."""
    found: list[Ticket] = []
    while len(found) <= limit:
        rows = queries.tickets(session, wanted, by=by, before=before, limit=limit)
        found += _waiting(session, rows, by) if wanted.waiting_for_me else rows
        if len(rows) <= limit:
            break
        before = rows[-1].id
    return found[:limit], len(found) > limit


def _waiting(session: Session, rows: Sequence[Ticket], by: Actor) -> list[Ticket]:
    """Those of which this person's approval would bring one nearer to approved, or that wait for their answer."""
    hats = {hat for row in rows for hat in row.hats}
    deciders = queries.deciders(session, {row.tenant_id for row in rows}, hats)
    return [row for row in rows if row.requester_id == by.person_id or is_awaited(row, by, deciders[row.tenant_id])]
