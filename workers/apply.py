"""Applying a ticket: rehearse every target, open the window, write, and watch the rollout. Called by the apply task."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from portal.db import database_now
from portal.errors import ClusterError, Gone, Transient
from portal.mesh.fold import Unreadable
from portal.models import Ticket, TicketTarget
from portal.states import Outcome
from portal.tickets import carrying_out as verbs
from portal.tickets.ending import Ending
from workers.context import Context, Spot
from workers.handlers import Before, Observation, Work
from workers.handling import handler_of
from workers.holding import hold, look_again, with_claim
from workers.rollout import (
    evidence_of,
    follow,
    links_of,
    pace,
    progress_of,
    seen_before,
    with_injector_events,
)

log = logging.getLogger(__name__)


def apply(context: Context, ticket_id: int) -> None:
    """Carry an approved ticket one step on; harmless when there is nothing to do or another worker does it."""
    with_claim(context, ticket_id, "meshdesk.apply", _try)


def _try(context: Context, held: verbs.Claim) -> None:
    try:
        _carry(context, held)
    except (ClusterError, Unreadable) as error:
        log.warning("MD-%s: %s", held.ticket_id, error.sentence)
        with context.database.unit_of_work() as session:
            _trouble(session.get_one(Ticket, held.ticket_id), session, held, error)


def _carry(context: Context, held: verbs.Claim) -> None:
    with context.database.reading() as session:
        written = session.get_one(Ticket, held.ticket_id).writing_from is not None
        links = links_of(session, held.ticket_id)
    if not written:
        before = [_rehearse(context, held, link, spot) for link, spot in links]
        with context.database.unit_of_work() as session:
            verbs.begin_writing(session, held, before={"targets": before})
    for link, spot in links:
        if link.written_at is None:
            hold(context, held)
            handler_of(spot).write(context, _work(context, held, spot))
    _watch(context, held, [spot for _, spot in links])


def _work(context: Context, held: verbs.Claim, spot: Spot) -> Work:
    return Work(held.ticket_id, spot, lambda: hold(context, held))


def _rehearse(context: Context, held: verbs.Claim, link: TicketTarget, spot: Spot) -> Before:
    hold(context, held)
    return handler_of(spot).rehearse(context, link, spot)


def _watch(context: Context, held: verbs.Claim, spots: list[Spot]) -> None:
    seen: list[Observation] = []
    for spot in spots:
        hold(context, held)
        seen.append(handler_of(spot).observe(context, _work(context, held, spot)))
    if all(one.rolled_out for one in seen):
        seen = [with_injector_events(context, one) for one in seen]
    with context.database.unit_of_work() as session:
        if all(one.rolled_out for one in seen):
            verbs.settle_active(session, held, evidence=evidence_of(seen, seen_before(session, held.ticket_id)))
            return
        blocked = [sentence for one in seen if not one.rolled_out for sentence in one.blockers()]
        if blocked:
            verbs.retry_later(session, held, problem=" ".join(blocked))
            return
        ticket, now = session.get_one(Ticket, held.ticket_id), database_now(session)
        progress = follow(ticket, progress_of(seen), now)
        verbs.wait(session, held, progress=progress, delay=pace(ticket.writing_from, now))


def _trouble(ticket: Ticket, session: Session, held: verbs.Claim, error: ClusterError | Unreadable) -> None:
    look_again(session, ticket, error)
    if not isinstance(error, Transient):
        outcome = Outcome.TARGET_GONE if isinstance(error, Gone) else Outcome.FAILED
        verbs.refuse(session, held, Ending(outcome, error.sentence))
    elif ticket.writing_from is None:
        verbs.hand_back(session, held, problem=error.sentence)
    else:
        verbs.retry_later(session, held, problem=error.sentence)
