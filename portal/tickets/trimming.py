"""Trimming: an approver grants less than was asked. Targets, what is wanted of them, fingerprint and route follow.

What is less may meet a laxer rule, but never needs fewer approvals than it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.durations import format_duration, words
from portal.errors import Invalid, NotReady
from portal.kinds.base import NotLess, WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.want import Want
from portal.models import Ticket
from portal.policy import NotRouted, Route
from portal.policy_store import policy_of
from portal.tickets import limits
from portal.tickets.asking import flatten
from portal.tickets.fingerprints import asked_of, fingerprint_of
from portal.tickets.moving import testify
from portal.tickets.routing import reroute, route_ticket
from portal.tickets.sights import look


@dataclass(frozen=True)
class Grant:
    """What an approver leaves of an ask, and why: a shorter time, parts of some fields; `shortest` is the shortest
    window that there may be."""

    note: str
    duration: timedelta | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    shortest: timedelta = timedelta(minutes=1)


def trim(session: Session, ticket: Ticket, grant: Grant, *, by: Actor, now: datetime) -> dict[str, dict[str, Any]]:
    """Make a pending ticket, taken for a change, what is granted of it; gives what changed: {before, after}.

    Raises Invalid (no note, or what is not less), Duplicate (what is left is asked by another ticket already).
    """
    if not grant.note:
        raise Invalid({"note": ["Say why you grant less: the requester reads it beside what they asked."]})
    before, asked = _said(ticket), asked_of(ticket)
    ticket.fields, ticket.duration_seconds = _narrowed(ticket, grant), _shortened(ticket, grant)
    changes = _changes(before, _said(ticket))
    if not changes["after"]:
        raise Invalid({"grant": ["That is all that was asked: leave `grant` out to approve it whole."]})
    ticket.asked = ticket.asked or asked
    ticket.updated_at = now
    _drop_targets(session, ticket)
    _follow_fingerprint(session, ticket)
    testify(session, ticket, "ticket:trimmed", by=by, now=now, note=grant.note, **changes)
    route = _route(session, ticket)
    if route is not None and route.rule != ticket.rule:
        reroute(session, ticket, route, by=by, now=now)
    return changes


def _said(ticket: Ticket) -> dict[str, Any]:
    return {**ticket.fields, "duration": None if ticket.duration is None else format_duration(ticket.duration)}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = [name for name in after if before[name] != after[name]]
    return {"before": {name: before[name] for name in names}, "after": {name: after[name] for name in names}}


def _narrowed(ticket: Ticket, grant: Grant) -> dict[str, Any]:
    try:
        return kind_named(ticket.kind).narrowed(ticket.fields, grant.fields)
    except NotLess as error:
        raise Invalid(flatten(error.messages, "grant.fields")) from error


def _shortened(ticket: Ticket, grant: Grant) -> int | None:
    if grant.duration is None:
        return ticket.duration_seconds
    if grant.duration < grant.shortest:
        raise Invalid({"grant.duration": [f"The shortest window is {words(grant.shortest)}: grant at least that."]})
    if ticket.duration is not None and grant.duration > ticket.duration:
        raise Invalid({"grant.duration": [f"{words(ticket.duration)} were asked: grant less, or leave this out."]})
    return int(grant.duration.total_seconds())


def _drop_targets(session: Session, ticket: Ticket) -> None:
    """Leave the targets that are still asked for, each with what is still wanted of it."""
    kind = kind_named(ticket.kind)
    left = {(ref.kind, ref.namespace, ref.name) for ref in kind.targets(ticket.fields, ticket.namespace)}
    for link in list(ticket.targets):
        if (link.target.kind, link.target.namespace, link.target.name) not in left:
            ticket.targets.remove(link)
            session.delete(link)
        elif isinstance(kind, WorkloadKind):
            link.wanted = kind.still_wanted(ticket.fields, Want.from_json(link.wanted)).to_json()
    session.flush()


def _follow_fingerprint(session: Session, ticket: Ticket) -> None:
    """What is less is the same as others ask for less: a second ticket of that is refused as when it is asked."""
    kind = kind_named(ticket.kind)
    found = fingerprint_of(kind, ticket.cluster, ticket.namespace, ticket.fields, ticket.tenant.name)
    if found == ticket.fingerprint:
        return
    if ticket.renews_id is None:
        limits.refuse_duplicate(session, found)
    try:
        with session.begin_nested():
            ticket.fingerprint = found
    except IntegrityError:
        # Somebody asked for just that in the same instant.
        limits.refuse_duplicate(session, found)
        raise


def _route(session: Session, ticket: Ticket) -> Route | None:
    """The rule of the ticket's own policy for what is left; None where nothing tells it: then its rule stays."""
    kind = kind_named(ticket.kind)
    place = queries.Place(ticket.cluster, ticket.namespace, ticket.tenant, ticket.environment)
    try:
        views = [sight.view for sight in look(session, kind, ticket.fields, place).sights]
        return route_ticket(session, ticket, views, policy_of(session, ticket.policy_hash)).route
    except (NotReady, Invalid, NotRouted):
        return None
