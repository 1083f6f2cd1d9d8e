"""The words by which a ticket is found: noted when it is asked for, and when more people have to do with it."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.models import Person, Tenant, Ticket, TicketWord
from portal.search import words_in

TELLING = frozenset(
    {"ticket:submitted", "evidence:preflight", "decision:approve", "decision:reject", "ticket:handed-over"}
)
"""The events that bring words; the preflight for tickets of a version before that had none."""


def note_words(session: Session, ticket: Ticket, *, by: Actor) -> None:
    """Keep the words of a ticket that are not kept yet; what was asked and later trimmed still finds it."""
    people = {ticket.requester_id, ticket.asked_by_id, by.person_id} - {None}
    names = session.scalars(select(Person.name).where(Person.id.in_(people))).all()
    tenant = session.scalar(select(Tenant.name).where(Tenant.id == ticket.tenant_id))
    told = [ticket.reason, ticket.kind, ticket.cluster, ticket.namespace, ticket.fields, tenant, *names]
    kept = set(session.scalars(select(TicketWord.word).where(TicketWord.ticket_id == ticket.id)))
    if new := words_in(told) - kept:
        session.execute(insert(TicketWord), [{"ticket_id": ticket.id, "word": word} for word in sorted(new)])
