"""The pending tickets of others on which one person's word counts now, and their own that wait for their answer."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.queries import lists
from portal.tickets.standing import is_awaited

BATCH = 1000


def awaited(session: Session, wanted: queries.TicketFilter, *, by: Actor, before: int | None = None) -> Iterator[int]:
    """The numbers of those that the filter finds below `before`, newest first.

    Of the tickets that are alike for this only one is worked out: thousands may be pending.
    """
    known: dict[Hashable, bool] = {}
    waiting = replace(wanted, waiting_for_me=True)
    while found := lists.waiting(session, waiting, by=by, before=before, limit=BATCH):
        one_of_each = {one.key: one.number for one in reversed(found) if one.key not in known}
        waits = _awaited(session, one_of_each.values(), by)
        known.update({key: number in waits for key, number in one_of_each.items()})
        yield from (one.number for one in found if known[one.key])
        before = found[-1].number


def _awaited(session: Session, numbers: Collection[int], by: Actor) -> set[int]:
    rows = lists.to_vote_on(session, numbers)
    hats = {hat for row in rows for hat in row.hats}
    deciders = queries.deciders(session, {row.tenant_id for row in rows}, hats)
    own = {row.id for row in rows if by.voice_id in row.own_of}
    return own | {row.id for row in rows if is_awaited(row, by, deciders[row.tenant_id])}
