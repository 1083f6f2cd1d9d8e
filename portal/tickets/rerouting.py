"""Routing again: a pending ticket follows a changed policy only by an operator's word."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import POLICY, Actor
from portal.access.rights import Action
from portal.durations import words
from portal.errors import Invalid, WrongState
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.policy import NotRouted, Route
from portal.policy_store import current_policy
from portal.states import State
from portal.tickets import awaiting, routing
from portal.tickets.approvals import complete
from portal.tickets.moving import may, take_for_change, testify
from portal.tickets.settling import approve
from portal.tickets.sights import look


def reroute(session: Session, ticket_id: int, *, reason: str, by: Actor, now: datetime) -> Ticket:
    """Route a pending ticket by the policy in force; approvals that were given stay, and count by their hats.

    A worker looks at the cluster again, so that what is there counts and not only what was last seen. Raises Forbidden,
    NotReady, and WrongState where it is decided, routed by that policy already, or its new rule does not allow it.
    """
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.REROUTE, ticket)
    if ticket.state is not State.PENDING:
        raise WrongState(f"{ticket.ref} is {ticket.state}: what is decided stays with the rule that decided it.")
    routed = _routed(session, ticket)
    if routed.policy.digest == ticket.policy_hash:
        raise WrongState(f"{ticket.ref} is routed by the policy in force already, by its rule {ticket.rule}.")
    _refuse_what_it_forbids(ticket, routed.route)
    told = {"from": ticket.rule, "to": routed.route.rule, "policy": routed.policy.digest, "reason": reason}
    routing.put_on(session, ticket, routed.route)
    ticket.policy_hash, ticket.updated_at = routed.policy.digest, now
    testify(session, ticket, "ticket:rerouted", by=by, now=now, **told)
    awaiting.word_said(session, ticket, now=now)
    _go_on(session, ticket, now=now)
    return ticket


def _routed(session: Session, ticket: Ticket) -> routing.Routed:
    kind = kind_named(ticket.kind)
    place = queries.Place(ticket.cluster, ticket.namespace, ticket.tenant, ticket.environment)
    try:
        views = [sight.view for sight in look(session, kind, ticket.fields, place).sights]
        return routing.route_ticket(session, ticket, views, current_policy(session))
    except NotRouted as error:
        raise WrongState(f"No rule of the policy in force matches {error.facts}: reject {ticket.ref}.") from error
    except Invalid as error:
        raise WrongState(f"{ticket.ref} asks for what is not there any more: {error.sentence} Reject it.") from error


def _refuse_what_it_forbids(ticket: Ticket, route: Route) -> None:
    instead = f"reject {ticket.ref}, so that it is asked again"
    if ticket.duration is None:
        if not route.may_stand_without_end:
            raise WrongState(f"Rule {route.rule} needs an end, and {ticket.ref} asks for none: {instead} with one.")
    elif route.longest is not None and ticket.duration > route.longest:
        raise WrongState(
            f"Rule {route.rule} allows at most {words(route.longest)}, and {ticket.ref} asks for "
            f"{words(ticket.duration)}: {instead} for less."
        )
    if ticket.renews_id is not None and not route.renewal:
        raise WrongState(f"Rule {route.rule} allows no renewal, and {ticket.ref} is one: {instead} anew.")


def _go_on(session: Session, ticket: Ticket, *, now: datetime) -> None:
    if kind_named(ticket.kind).has_cluster_change:
        # It approves by itself what the new rule leaves to the policy, or has all approvals for already.
        outbox.send(session, outbox.preflight_call(ticket), now=now)
    elif ticket.automatic or (ticket.decisions and complete(ticket)):
        approve(session, ticket, by=POLICY, now=now)
