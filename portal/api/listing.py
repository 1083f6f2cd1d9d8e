"""Pages of tickets; for `waiting_for=me` only those where the person's own approval or answer counts now."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.models import Ticket
from portal.queries import lists
from portal.tickets.awaited import awaited

Page = tuple[list[Ticket], bool]


def filter_of(asked: dict[str, Any]) -> queries.TicketFilter:
    """The filter that a query means, as ListSchema loads it."""
    same = ("mine", "owed", "tenant", "cluster", "namespace", "kind", "environment", "requester")
    return queries.TicketFilter(
        states=tuple(asked.get("state", ())),
        waiting_for_me="waiting_for" in asked,
        asked_from=asked.get("from_"),
        asked_before=asked.get("until"),
        words=asked.get("q"),
        **{name: asked[name] for name in same if name in asked},
    )


def page(session: Session, wanted: queries.TicketFilter, *, by: Actor, before: int | None, limit: int) -> Page:
    """At most `limit` tickets with numbers below `before`, newest first, and whether there are more."""
    if not wanted.waiting_for_me:
        rows = queries.tickets(session, wanted, by=by, before=before, limit=limit)
        return list(rows[:limit]), len(rows) > limit
    numbers = list(islice(awaited(session, wanted, by=by, before=before), limit + 1))
    return list(queries.whole(session, numbers[:limit])), len(numbers) > limit


def counted(session: Session, wanted: queries.TicketFilter, *, by: Actor, most: int) -> int:
    """How many tickets there are; `most` + 1 where there are more than `most`."""
    if wanted.waiting_for_me:
        return sum(1 for _ in islice(awaited(session, wanted, by=by), most + 1))
    return lists.count(session, wanted, by=by, most=most)
