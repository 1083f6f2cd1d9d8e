"""Questions to the requester: while one has no answer, nobody approves the ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import NotReady, WrongState
from portal.models import Comment, Ticket
from portal.states import State
from portal.tickets import awaiting
from portal.tickets.moving import may, take_for_change, testify
from portal.tickets.next_step import on_hold
from portal.tickets.settling import settle
from portal.tickets.standing import not_own
from portal.tickets.talking import say


def question(session: Session, ticket_id: int, *, text: str, by: Actor, now: datetime) -> Comment:
    """Put a pending ticket on hold until somebody of its tenant answers.

    Raises Forbidden (no decider, one's own ticket), WrongState (it is decided, or waits for an answer already).
    """
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.QUESTION, ticket)
    not_own(ticket, by)
    _pending(ticket)
    if ticket.question_id is not None:
        asked = _open(session, ticket)
        raise WrongState(f"{ticket.ref} waits for an answer already. {asked.author.name} asks: {asked.text}")
    said = say(session, ticket, Comment(sort="question", text=text), by=by, now=now)
    ticket.question_id = said.id
    told = {"text": text, "question": said.id, "mentions": said.mentions}
    testify(session, ticket, "question:asked", by=by, now=now, **told)
    awaiting.word_said(session, ticket, now=now)
    return said


def answer(session: Session, ticket_id: int, *, text: str, by: Actor, now: datetime) -> Comment:
    """Answer the question on a ticket, which can be approved again from then on; the policy does so where it may.

    Raises Forbidden, WrongState (nobody asked anything, or it is decided).
    """
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.ANSWER, ticket)
    _pending(ticket)
    if ticket.question_id is None:
        raise WrongState(f"Nobody waits for an answer on {ticket.ref}: comment on it instead.")
    said = say(session, ticket, Comment(sort="answer", text=text, answers_id=ticket.question_id), by=by, now=now)
    told = {"text": text, "question": ticket.question_id, "mentions": said.mentions}
    testify(session, ticket, "question:answered", by=by, now=now, **told)
    ticket.question_id = None
    awaiting.word_said(session, ticket, now=now)
    settle(session, ticket, now=now)
    return said


def not_on_hold(session: Session, ticket: Ticket) -> None:
    """Raise NotReady, naming the question, while one has no answer."""
    if ticket.question_id is not None:
        asked = _open(session, ticket)
        raise NotReady(f"{on_hold(ticket, asked.author.name)} It is: {asked.text}")


def _pending(ticket: Ticket) -> None:
    if ticket.state is not State.PENDING:
        raise WrongState(f"{ticket.ref} is {ticket.state}: questions are for tickets that wait for a decision.")


def _open(session: Session, ticket: Ticket) -> Comment:
    return queries.open_questions(session, [ticket])[ticket.id]
