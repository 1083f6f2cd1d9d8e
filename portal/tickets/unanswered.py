"""What a registry leaves that nobody sees to: tickets that wait for ever or have nobody to turn to, services without an
owner, and clusters that go before everything on them is taken back. In sentences for who applies it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from portal import queries
from portal.models import Role, Source, Ticket
from portal.queries.crew import Crew
from portal.registry.impact import Ground
from portal.states import State
from portal.tickets.approvals import Vote, needs, waits_for_ever

MOST_NAMED = 5


def warnings(session: Session, place: Ground, people: Crew) -> Iterator[str]:
    """One sentence for each thing that somebody should mend, with the tickets that it is about."""
    found: dict[str, list[str]] = defaultdict(list)
    for ticket in queries.open_tickets(session):
        for sentence in _about(ticket, place, people):
            found[sentence].append(ticket.ref)
    yield from (f"{named(refs)}: {sentence}" for sentence, refs in found.items())
    yield from _services(people)


def named(refs: Sequence[str]) -> str:
    """`MD-1, MD-2 and 7 more`."""
    more = f" and {len(refs) - MOST_NAMED} more" if len(refs) > MOST_NAMED else ""
    return ", ".join(refs[:MOST_NAMED]) + more


def _about(ticket: Ticket, place: Ground, people: Crew) -> Iterator[str]:
    tenant, deciders = ticket.tenant.name, people.deciders(ticket.tenant_id)
    if ticket.cluster is not None and ticket.cluster not in place.clusters:
        yield (
            f"cluster {ticket.cluster} drains. Leave its workers running until this is closed; where the cluster is "
            f"gone for good, two operators say so with `meshdesk cluster gone {ticket.cluster}`."
        )
    if not deciders.people.get(Role.OWNER) and not deciders.people.get(Role.PARTNER):
        yield f"tenant {tenant} has neither an owner nor a security partner. Name one; until then operators answer."
    vote = Vote.on(ticket, deciders)
    if ticket.state is State.PENDING and not ticket.automatic and waits_for_ever(vote, deciders):
        groups = " and ".join(need.group for need in needs(vote, deciders) if need.missing > 0)
        yield f"too few people of tenant {tenant} could still approve ({groups}): this waits for ever. Name more."


def _services(people: Crew) -> Iterator[str]:
    for service in sorted(people.people.values(), key=lambda one: one.name):
        tenants = [tenant for tenant in people.seats.get(service.id, {}) if tenant is not None]
        if service.source == Source.SERVICE and not any(people.owned(service, tenant) for tenant in tenants):
            yield f"Service {service.name} is without rights: its owner left. Give it another owner, or remove it."
