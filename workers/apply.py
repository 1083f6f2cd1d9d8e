"""Applying a ticket: rehearse every target, open the window, write, and watch the rollout. Called by the apply task."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy.orm import Session

from portal.db import database_now
from portal.errors import ClusterError, Gone, Refused, Transient
from portal.mesh.fold import Claim as Wish
from portal.mesh.fold import Unreadable, Want, fold
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.workloads import annotations_patch
from portal.models import Target, Ticket, TicketTarget
from portal.states import Outcome
from portal.tickets import carrying_out as verbs
from portal.tickets.ending import Ending
from portal.tickets.expectation import claims_on, memory_of, seen_of
from workers.context import Context, Spot, surroundings
from workers.converge import Found, converge
from workers.holding import hold, with_claim
from workers.rollout import evidence_of, links_of, observe, pace, pods_before, progress_of, seen_before

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
            converge(context, spot)
    _watch(context, held, [spot for _, spot in links])


def _rehearse(context: Context, held: verbs.Claim, link: TicketTarget, spot: Spot) -> dict[str, Any]:
    """Have the API server check the very change without storing it; gives the target as it was before."""
    hold(context, held)
    wish = Wish(f"MD-{held.ticket_id}", Want.from_json(link.wanted), Want())
    return pods_before(context, spot, _dry_run(context, spot, wish))


def _dry_run(context: Context, spot: Spot, wish: Wish) -> dict[str, Any]:
    cluster = context.connect(spot.cluster)
    obj = cluster.workload(spot.ref)
    found = Found(obj, surroundings(cluster, spot.ref.namespace))
    blockers = rollout_blockers(obj)
    if blockers:
        raise Refused(f"{spot.ref}: {' '.join(blockers)}")
    changes = _expected(context, spot, found, wish)
    patch = annotations_patch(spot.ref.kind, changes, f"{wish.ticket};0", None)
    cluster.patch_workload(spot.ref, patch, dry_run=True)
    return obj


def _expected(context: Context, spot: Spot, found: Found, wish: Wish) -> dict[str, str | None]:
    with context.database.reading() as session:
        target = session.get_one(Target, spot.target_id)
        claims = [*claims_on(session, target), wish]
    return dict(fold(memory_of(target, found.obj), seen_of(found.obj, found.around), claims).changes)


def _watch(context: Context, held: verbs.Claim, spots: list[Spot]) -> None:
    seen = []
    for spot in spots:
        hold(context, held)
        seen.append(observe(context, spot, surroundings(context.connect(spot.cluster), spot.ref.namespace)))
    with context.database.unit_of_work() as session:
        if all(one.proof.rolled_out for one in seen):
            verbs.settle_active(session, held, evidence=evidence_of(seen, seen_before(session, held.ticket_id)))
            return
        blocked = [sentence for one in seen if not one.proof.rolled_out for sentence in one.blockers()]
        if blocked:
            verbs.retry_later(session, held, problem=" ".join(blocked))
            return
        since = session.get_one(Ticket, held.ticket_id).writing_from
        verbs.wait(session, held, progress=progress_of(seen), delay=pace(since, database_now(session)))


def _trouble(ticket: Ticket, session: Session, held: verbs.Claim, error: ClusterError | Unreadable) -> None:
    if not isinstance(error, Transient):
        outcome = Outcome.TARGET_GONE if isinstance(error, Gone) else Outcome.FAILED
        verbs.refuse(session, held, Ending(outcome, error.sentence))
    elif ticket.writing_from is None:
        verbs.hand_back(session, held, problem=error.sentence)
    else:
        verbs.retry_later(session, held, problem=error.sentence)
