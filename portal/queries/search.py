"""Selects by words: which tickets hold all words of a search, quickly whether few or most tickets hold them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import Session

from portal.models import Ticket, TicketWord
from portal.search import Term, terms_of

FEW, SOME = 2_000, 20_000


def holding(session: Session, sought: str) -> ColumnElement[bool]:
    """The condition for tickets that hold every word of a search; it says to the database where to begin.

    The rarest word is looked up first and gives the numbers, the others are asked of those. Where all are words of
    most tickets, each ticket is asked in the order of the list instead: the page is full before many were asked.
    """
    terms = terms_of(sought)
    # Several common words may have nothing in common, and every ticket would be asked for them.
    most = FEW if len(terms) == 1 else SOME
    counted = sorted(((_count(session, term, most + 1), term) for term in terms), key=lambda pair: pair[0])
    conditions = [
        _first(term) if place == 0 and count <= most else _besides(term) for place, (count, term) in enumerate(counted)
    ]
    return and_(*conditions) if conditions else false()


def _count(session: Session, term: Term, most: int) -> int:
    some = select(TicketWord.ticket_id).where(_within(term)).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _within(term: Term) -> ColumnElement[bool]:
    if term.last == term.first:
        return TicketWord.word == term.first
    return and_(TicketWord.word >= term.first, TicketWord.word < term.last)


def _first(term: Term) -> ColumnElement[bool]:
    some = select(TicketWord.ticket_id).where(_within(term))
    return Ticket.id.in_(some if term.number is None else some.union_all(select(literal(term.number))))


def _besides(term: Term) -> ColumnElement[bool]:
    own = exists().where(TicketWord.ticket_id == Ticket.id, _within(term))
    return own if term.number is None else or_(own, Ticket.id == term.number)
