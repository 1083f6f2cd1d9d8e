"""Talking: comments on a ticket, by whoever may see it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.access.rights import Action
from portal.models import Comment
from portal.tickets.moving import may, take_for_change, testify


def comment(session: Session, ticket_id: int, *, text: str, by: Actor, now: datetime) -> Comment:
    """Say something on a ticket; people of its tenant and operators may."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.COMMENT, ticket)
    said = Comment(ticket_id=ticket.id, author_id=by.person_id, text=text, created_at=now)
    session.add(said)
    testify(session, ticket, "comment:added", by=by, now=now, text=text)
    return said
