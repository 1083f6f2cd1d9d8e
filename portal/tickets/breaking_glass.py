"""Break-glass: in an emergency somebody of the tenant goes first, loudly, and answers for it in a review afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.actor import CLOCK, Actor
from portal.access.rights import Action
from portal.errors import Forbidden, WrongState
from portal.models import Ticket
from portal.policy import BreakGlass, Route
from portal.policy_store import route_of
from portal.states import State
from portal.tickets.fingerprints import asked_of
from portal.tickets.moving import may, take_for_change, testify
from portal.tickets.settling import settle
from portal.tickets.standing import not_own

REMIND_EVERY = timedelta(days=1)


def break_glass(session: Session, ticket_id: int, *, reason: str, by: Actor, now: datetime) -> Ticket:
    """Let a pending ticket begin without waiting for its deciders, for a short time, to be reviewed afterwards.

    A preflight that is not clean still blocks it. Raises Forbidden (the rule allows none), WrongState (not pending,
    automatic, a review of the tenant has no answer yet).
    """
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.BREAK_GLASS, ticket)
    if ticket.state is not State.PENDING or ticket.automatic:
        raise WrongState(f"{ticket.ref} waits for no decision: there is no glass to break.")
    glass = glass_of(session, ticket)
    if glass is None:
        raise Forbidden(f"Rule {ticket.rule} allows no break-glass: call those on whom {ticket.ref} waits.")
    _all_reviewed(session, ticket)
    _open(ticket, glass, now)
    payload = {"reason": reason, "review_from": glass.review, "duration_seconds": ticket.duration_seconds}
    testify(session, ticket, "ticket:break-glass", by=by, now=now, **payload)
    settle(session, ticket, now=now)
    return ticket


def glass_of(session: Session, ticket: Ticket) -> BreakGlass | None:
    """The glass that the rule of the ticket lets its people break; None where it allows that to nobody."""
    glass = _glass(route_of(session, ticket))
    return None if glass is None or glass.longest is None else glass


def _glass(route: Route | None) -> BreakGlass | None:
    return route.break_glass if route is not None and route.break_glass and route.break_glass.allowed else None


def _open(ticket: Ticket, glass: BreakGlass, now: datetime) -> None:
    longest = int((glass.longest or timedelta(0)).total_seconds())
    if ticket.duration_seconds is None or ticket.duration_seconds > longest:
        ticket.asked, ticket.duration_seconds = ticket.asked or asked_of(ticket), longest
    ticket.break_glass = ticket.automatic = True
    ticket.restart_window = ticket.starts_at = None
    ticket.review_from, ticket.review_due_at = glass.review, now + glass.review_within


def _all_reviewed(session: Session, ticket: Ticket) -> None:
    query = select(Ticket.id).where(
        Ticket.tenant_id == ticket.tenant_id, Ticket.break_glass, Ticket.reviewed_at.is_(None)
    )
    open_ = session.scalar(query.order_by(Ticket.id).limit(1))
    if open_ is not None:
        raise WrongState(
            f"The break-glass of MD-{open_} has no review yet, and until it has one there is no other in this tenant: "
            f"have it reviewed, or call those on whom {ticket.ref} waits."
        )


def keep_or_mend(ticket: Ticket, route: Route) -> None:
    """After a preflight met another rule: where that allows no break-glass the ticket waits for its deciders again."""
    if ticket.break_glass and _glass(route) is not None:
        ticket.automatic = True
    elif ticket.break_glass:
        ticket.break_glass, ticket.review_from, ticket.review_due_at = False, None, None


@dataclass(frozen=True)
class Review:
    """What a reviewer says of a break-glass: whether it was justified, and why."""

    justified: bool
    note: str


def review(session: Session, ticket_id: int, said: Review, *, by: Actor, now: datetime) -> Ticket:
    """Answer the review of a break-glass; raises Forbidden (not of the reviewing group, own ticket), WrongState."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.REVIEW, ticket)
    if not ticket.break_glass:
        raise WrongState(f"{ticket.ref} is no break-glass: there is nothing to review.")
    not_own(ticket, by, "reviews")
    roles = by.roles_in(ticket.tenant_id) | by.covered_roles_in(ticket.tenant_id)
    if ticket.review_from is not None and ticket.review_from not in roles:
        raise Forbidden(f"The break-glass of {ticket.ref} is reviewed by a {ticket.review_from.replace('-', ' ')}.")
    if ticket.reviewed_at is not None:
        raise WrongState(f"{ticket.reviewed_by} has reviewed {ticket.ref} already.")
    ticket.review, ticket.reviewed_at, ticket.reviewed_by = vars(said), now, by.name
    ticket.review_due_at = None
    testify(session, ticket, "review:answered", by=by, now=now, justified=said.justified, note=said.note)
    return ticket


def call_reviewers(session: Session, ticket_id: int, now: datetime) -> None:
    """Remind the reviewers of a break-glass whose time has come, then each day; called by the sweep."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    if ticket.reviewed_at is not None or ticket.review_due_at is None or ticket.review_due_at > now:
        return
    ticket.review_due_at = now + REMIND_EVERY
    testify(session, ticket, "review:due", by=CLOCK, now=now, review_from=ticket.review_from)


def words_of(ticket: Ticket) -> str:
    """What a break-glass still owes, or how it was reviewed, in a sentence."""
    if ticket.reviewed_at is None:
        group = str(ticket.review_from).replace("-", " ")
        return f"The glass was broken: a {group} has to review it before this tenant may break it again."
    verdict = "justified" if (ticket.review or {}).get("justified") else "not justified"
    return f"The glass was broken; {ticket.reviewed_by} found that {verdict}."
