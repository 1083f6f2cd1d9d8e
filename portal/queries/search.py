"""Selects by words: which tickets hold all words of a search, quickly whether few or most tickets hold them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import Session

from portal.models import Ticket, TicketWord
from portal.search import Term, terms_of

FEW = 2000


def holding(session: Session, sought: str) -> ColumnElement[bool]:
    """The condition for tickets that hold every word of a search; it says to the database where to begin.

    A word of few tickets is looked up first and gives their numbers. A word of most tickets is asked of each ticket in
    the order of the list instead: the page is full before many were asked.
    """
    conditions = [_holds(session, term) for term in terms_of(sought)]
    return and_(*conditions) if conditions else false()


def _holds(session: Session, term: Term) -> ColumnElement[bool]:
    within = TicketWord.word == term.first
    if term.last != term.first:
        within = and_(TicketWord.word >= term.first, TicketWord.word < term.last)
    some = select(TicketWord.ticket_id).where(within)
    few = (session.scalar(select(func.count()).select_from(some.limit(FEW + 1).subquery())) or 0) <= FEW
    own = exists().where(TicketWord.ticket_id == Ticket.id, within)
    if term.number is None:
        return Ticket.id.in_(some) if few else own
    return Ticket.id.in_(some.union_all(select(literal(term.number)))) if few else or_(own, Ticket.id == term.number)
