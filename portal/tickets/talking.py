"""Talking: comments on a ticket, by whoever may see it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.access.actor import TENANT_ROLES, Actor
from portal.errors import Forbidden
from portal.models import Comment, Role
from portal.tickets.moving import take_for_change, testify


def comment(session: Session, ticket_id: int, *, text: str, by: Actor, now: datetime) -> Comment:
    """Say something on a ticket; people of its tenant and operators may."""
    ticket = take_for_change(session, ticket_id, by=by)
    if not by.roles_in(ticket.tenant_id) & (TENANT_ROLES | {Role.OPERATOR}):
        raise Forbidden(f"Only people of the tenant and platform operators comment on {ticket.ref}.")
    said = Comment(ticket_id=ticket.id, author_id=by.person_id, text=text, created_at=now)
    session.add(said)
    testify(session, ticket, "comment:added", by=by, now=now, text=text)
    return said
