"""As what somebody has a word on a ticket: by their own roles, for somebody absent, or as the fallback of a group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.access.actor import Absence, Actor, Scope
from portal.access.rights import need_scope
from portal.errors import Forbidden, WrongState
from portal.models import Ticket
from portal.queries.deciders import Deciders
from portal.states import State
from portal.tickets.approvals import Vote, fallbacks


@dataclass(frozen=True)
class Standing:
    """The roles that somebody decides with, whose absence gives them, and the group in whose place that counts."""

    roles: frozenset[str]
    in_place_of: Absence | None = None
    fallback_for: str | None = None

    @property
    def groups(self) -> frozenset[str]:
        """All that an approval may count for."""
        return self.roles | ({self.fallback_for} if self.fallback_for else frozenset())


def standing_of(ticket: Ticket, by: Actor, deciders: Deciders) -> Standing | None:
    """As what the actor's word counts on the ticket, by what is nearest to themselves; None: it does not count.

    What brings the ticket nearer to approved goes before what only lets them have a word.
    """
    vote = Vote.on(ticket, deciders)
    asked = {approval["from"] for approval in ticket.approvals}
    found = list(_standings(ticket, by, vote, deciders))
    helping = (one for one in found if vote.helps(one.groups))
    return next(helping, None) or next((one for one in found if one.groups & asked), None)


def is_awaited(ticket: Ticket, by: Actor, deciders: Deciders) -> bool:
    """True when the actor's approval could be given now and would bring the ticket nearer to approved."""
    vote = Vote.on(ticket, deciders)
    if ticket.question_id is not None or deciders.voice(by.name) in vote.spent:
        return False
    return any(vote.helps(one.groups) for one in _standings(ticket, by, vote, deciders))


def _standings(ticket: Ticket, by: Actor, vote: Vote, deciders: Deciders) -> Iterator[Standing]:
    absences = [
        one
        for one in sorted(by.absences, key=lambda one: one.name)
        if one.tenant_id == ticket.tenant_id and deciders.voice(one.name) not in vote.spent
    ]
    plain = [Standing(frozenset(by.roles_in(ticket.tenant_id)))]
    plain += [Standing(frozenset(one.roles), in_place_of=one) for one in absences]
    yield from plain
    for index, fallback in fallbacks(vote, deciders).items():
        for one in plain:
            if fallback.group in one.roles:
                yield Standing(one.roles, one.in_place_of, ticket.approvals[index]["from"])


def may_decide(ticket: Ticket, by: Actor, deciders: Deciders) -> Standing:
    """As what the actor decides on the ticket.

    Raises Forbidden (scope, own ticket, no such role), WrongState (decided already, by whomever).
    """
    need_scope(by, Scope.DECIDE, f"decide on {ticket.ref}")
    not_own(ticket, by)
    if ticket.state is State.PENDING:
        _not_twice(ticket, by)
    found = standing_of(ticket, by, deciders)
    if found is None:
        groups = " and ".join(sorted({approval["from"] for approval in ticket.approvals})) or "nobody: it is automatic"
        raise Forbidden(f"You have none of the roles that decide on {ticket.ref} ({groups}).")
    if ticket.state is not State.PENDING:
        raise WrongState(f"{ticket.ref} is {ticket.state}: it is decided already.")
    return found


def not_own(ticket: Ticket, by: Actor, does: str = "decides on") -> None:
    """Raise Forbidden for the requester's own voice: the person, a service of theirs, or of a service its owner."""
    if ticket.requester.voice_id == by.voice_id:
        raise Forbidden(f"Nobody {does} their own ticket: another person of the deciding group must.")


def _not_twice(ticket: Ticket, by: Actor) -> None:
    for decision in ticket.decisions:
        if decision.person.voice_id == by.voice_id:
            who = "You have" if decision.person_id == by.person_id else f"{decision.person.name}, the same voice, has"
            raise WrongState(f"{who} decided on {ticket.ref} already; it waits for somebody else.")
        if decision.stood_in_for_id is not None and decision.stood_in_for_id == by.voice_id:
            raise WrongState(f"{decision.person.name} has decided on {ticket.ref} in your place already.")
