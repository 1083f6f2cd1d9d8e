"""Who is told of an event: names of people, worked out where the event is testified. `occasions.py` calls it.

Names that may not see the ticket are left out afterwards (`portal/notify/noting.py`), whichever way they came here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.models import Comment, Event, Notice, Person, Role, Ticket
from portal.notify.sorts import Sort
from portal.policy_store import route_of
from portal.tickets.approvals import Vote, needs


@dataclass(frozen=True)
class Occasion:
    """An event of a ticket, in the transaction that it was testified in, and who did it."""

    session: Session
    ticket: Ticket
    event: Event
    by: Actor

    @property
    def payload(self) -> dict[str, Any]:
        """What the event says; {} where it says nothing."""
        return self.event.payload or {}


@dataclass(frozen=True)
class Audience:
    """Names of people; `operators` has the operators' own channel told as well."""

    names: frozenset[str] = field(default_factory=frozenset)
    operators: bool = False

    def __or__(self, other: Audience) -> Audience:
        return Audience(self.names | other.names, self.operators or other.operators)


Whom = Callable[[Occasion], Audience]


def all_of(*several: Whom) -> Whom:
    """Everybody whom any of these tells."""

    def whom(occasion: Occasion) -> Audience:
        found = Audience()
        for one in several:
            found |= one(occasion)
        return found

    return whom


def requester(occasion: Occasion) -> Audience:
    """Who asked for the ticket."""
    found = occasion.session.get_one(Person, occasion.ticket.requester_id)
    return Audience(frozenset({found.name}))


def deciders(occasion: Occasion) -> Audience:
    """The people whose approval still counts."""
    able = _deciders(occasion)
    missing = [one for one in needs(Vote.on(_whole(occasion), able), able) if one.missing > 0]
    names = frozenset(name for need in missing for name in need.everybody)
    groups = {need.group for need in missing} | {need.fallback.group for need in missing if need.fallback}
    return Audience(names, operators=Role.OPERATOR in groups)


def newly_deciding(occasion: Occasion) -> Audience:
    """Of the deciders those who were not told yet that it waits for them."""
    found, told = deciders(occasion), _told_waiting(occasion)
    return Audience(found.names - told, found.operators and "operators" not in told)


def newly_requester(occasion: Occasion) -> Audience:
    """Who asked, unless told already that it waits for them."""
    return Audience(requester(occasion).names - _told_waiting(occasion))


def _told_waiting(occasion: Occasion) -> frozenset[str]:
    told = select(Notice).where(Notice.ticket_id == occasion.ticket.id, Notice.sort == Sort.WAITING)
    return frozenset(name for notice in occasion.session.scalars(told) for name in notice.data["told"])


def _whole(occasion: Occasion) -> Ticket:
    # A ticket that was only just asked has none of its relations loaded.
    query = select(Ticket).where(Ticket.id == occasion.ticket.id).options(*queries.WHOLE)
    return occasion.session.scalars(query.execution_options(populate_existing=True)).one()


def _deciders(occasion: Occasion, *hats: str) -> queries.Deciders:
    tenant = occasion.ticket.tenant_id
    return queries.deciders(occasion.session, {tenant}, {*occasion.ticket.hats, *hats})[tenant]


def of_groups(occasion: Occasion, groups: Iterable[str]) -> Audience:
    """The people of roles (`security-partner`) with those who stand in for them, of `group:NAME` and `person:NAME`."""
    wanted = list(groups)
    found = _deciders(occasion, *wanted)
    names = {name for group in wanted for name in found.people.get(group, ())}
    names |= {one.name for one in found.stand_ins if one.roles & set(wanted)}
    return Audience(frozenset(names), operators=Role.OPERATOR in wanted)


def partners(occasion: Occasion) -> Audience:
    """The security partners of the tenant."""
    return of_groups(occasion, [Role.PARTNER])


def owners(occasion: Occasion) -> Audience:
    """The owners of the tenant."""
    return of_groups(occasion, [Role.OWNER])


def operators(occasion: Occasion) -> Audience:
    """The platform's operators, and their channel."""
    return of_groups(occasion, [Role.OPERATOR])


def told_by_rule(occasion: Occasion) -> Audience:
    """The groups that the ticket's rule has told (`tell`)."""
    route = route_of(occasion.session, occasion.ticket)
    return of_groups(occasion, () if route is None else route.tell)


def told_of_decisions(occasion: Occasion) -> Audience:
    """The same where people decided: what the policy approves they are told as that."""
    return Audience() if occasion.ticket.automatic else told_by_rule(occasion)


def told_by_rule_or_partners(occasion: Occasion) -> Audience:
    """The groups that the rule has told; the security partners where it names none."""
    found = told_by_rule(occasion)
    return found if found.names or found.operators else partners(occasion)


def answering(occasion: Occasion) -> Audience:
    """Everybody of the groups that the rule asks, whoever has decided; never who asked for the ticket."""
    found = of_groups(occasion, [approval["from"] for approval in occasion.ticket.approvals])
    return _but_requester(occasion, found if found.names else partners(occasion))


def reviewers(occasion: Occasion) -> Audience:
    """The group that reviews the ticket afterwards; never who asked for it."""
    return _but_requester(occasion, of_groups(occasion, [occasion.ticket.review_from or Role.PARTNER]))


def _but_requester(occasion: Occasion, found: Audience) -> Audience:
    return Audience(found.names - requester(occasion).names, found.operators)


def named(occasion: Occasion) -> Audience:
    """The people whom the event names itself (`people`)."""
    return Audience(frozenset(map(str, occasion.payload.get("people") or ())))


def named_or_deciders(occasion: Occasion) -> Audience:
    """The people whom the event names, or those who may still decide."""
    found = named(occasion)
    return found if found.names else deciders(occasion)


def mentioned(occasion: Occasion) -> Audience:
    """The people named in what was said."""
    return Audience(frozenset(map(str, occasion.payload.get("mentions") or ())))


def asker(occasion: Occasion) -> Audience:
    """Who put the ticket's last question."""
    query = (
        select(Person.name)
        .join(Comment, Comment.author_id == Person.id)
        .where(Comment.ticket_id == occasion.ticket.id, Comment.sort == "question")
    )
    name = occasion.session.scalar(query.order_by(Comment.id.desc()).limit(1))
    return Audience(frozenset({name} if name else ()))
