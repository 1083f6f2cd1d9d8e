"""Pages of tickets; for `waiting_for=me` only those where the person's own approval or answer counts now."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.models import Ticket
from portal.queries import lists
from portal.tickets.standing import is_awaited

Page = tuple[list[Ticket], bool]
BATCH = 1000


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
    numbers = list(islice(_waiting(session, wanted, by, before), limit + 1))
    return list(queries.whole(session, numbers[:limit])), len(numbers) > limit


def counted(session: Session, wanted: queries.TicketFilter, *, by: Actor, most: int) -> int:
    """How many tickets there are; `most` + 1 where there are more than `most`."""
    if wanted.waiting_for_me:
        return sum(1 for _ in islice(_waiting(session, wanted, by, None), most + 1))
    return lists.count(session, wanted, by=by, most=most)


def _waiting(session: Session, wanted: queries.TicketFilter, by: Actor, before: int | None) -> Iterator[int]:
    """Those of which this person's approval would bring one nearer to approved, or that wait for their answer."""
    known: dict[Hashable, bool] = {}
    while found := lists.waiting(session, wanted, by=by, before=before, limit=BATCH):
        one_of_each = {one.key: one.number for one in reversed(found) if one.key not in known}
        waits = _awaited(session, one_of_each.values(), by)
        known.update({key: number in waits for key, number in one_of_each.items()})
        yield from (one.number for one in found if known[one.key])
        before = found[-1].number


def _awaited(session: Session, numbers: Collection[int], by: Actor) -> set[int]:
    rows = lists.to_vote_on(session, numbers)
    hats = {hat for row in rows for hat in row.hats}
    deciders = queries.deciders(session, {row.tenant_id for row in rows}, hats)
    own = {row.id for row in rows if row.requester_id == by.person_id}
    return own | {row.id for row in rows if is_awaited(row, by, deciders[row.tenant_id])}
