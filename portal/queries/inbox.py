"""Selects of what may wait for one person, whatever it waits for; `portal.tickets.due` works out on each row what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, select, union
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.kinds.registry import KINDS
from portal.models import Ticket
from portal.queries.tickets import RECERTIFY_WITHIN, WHOLE, TicketFilter, of_place, visible
from portal.states import State

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
BY_PEOPLE = tuple(name for name, kind in KINDS.items() if not kind.has_cluster_change)


def owed(session: Session, *, by: Actor, now: datetime) -> Collection[int]:
    """The numbers of tickets past their decision that the actor may have to review, recertify or carry out; some of
    them they may not even see."""
    # Each by an index of its own: of a hundred thousand tickets few wait for anything.
    for_operators = [_to_carry_out()] if by.is_operator else []
    return set(session.scalars(union(_unreviewed(), _to_recertify(now), *for_operators)))


def whole(session: Session, ids: Sequence[int], wanted: TicketFilter, *, by: Actor) -> Sequence[Ticket]:
    """Those of these tickets that the actor sees and the filter lets through, whole and oldest first."""
    query = select(Ticket).where(Ticket.id.in_(ids))
    if (condition := visible(by)) is not None:
        query = query.where(condition)
    return session.scalars(of_place(query, wanted).options(*WHOLE).order_by(Ticket.id)).all()


def _unreviewed() -> Select[int]:
    # Whoever reviews takes the date away with it, and SQLite finds a range by the index where it would not find a null.
    return select(Ticket.id).where(Ticket.review_due_at > LONG_AGO, _owes_review())


def _owes_review() -> ColumnElement[bool]:
    return and_(Ticket.break_glass, Ticket.reviewed_at.is_(None))


def _to_recertify(now: datetime) -> Select[int]:
    return select(Ticket.id).where(Ticket.recertify_at <= now + RECERTIFY_WITHIN, Ticket.state == State.ACTIVE)


def _to_carry_out() -> Select[int]:
    return select(Ticket.id).where(Ticket.state == State.APPROVED, Ticket.kind.in_(BY_PEOPLE))
