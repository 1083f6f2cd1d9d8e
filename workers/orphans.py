"""What no longer fits its tickets: marks without a live one, entries that somebody removed, targets that are gone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import ClusterError, Gone, Transient
from portal.mesh.annotations import MARK, MeshDefaults
from portal.mesh.fold import Unreadable, fold
from portal.models import (
    CreatedObject,
    InventoryCluster,
    InventoryNamespace,
    InventoryWorkload,
    Target,
    Ticket,
    TicketTarget,
)
from portal.states import Outcome, State
from portal.tickets import ending
from portal.tickets.ending import Ending
from portal.tickets.expectation import Surroundings, claims_on, memory_of, seen_of
from workers.context import Context
from workers.converge import spot_of
from workers.created.telling import tell
from workers.egress_inventory import fits
from workers.handling import HANDLERS, handler_of

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=10)
# Targets of created objects of which the inventory shows enough to leave them in peace.
FITS = {"egress": fits}


def call_for_drift(session: Session, cluster: str, *, now: datetime) -> None:
    """Send every target of the cluster whose inventory does not show what its tickets and its mark say.

    Tickets whose targets all do lose the problem that was told of an earlier drift.
    """
    hindered: set[int] = set()
    fine: list[TicketTarget] = []
    for target in _concerned(session, cluster):
        live = queries.live_links(session, target.id)
        if target.kind in HANDLERS:
            # Its handler tells and clears what it told; where no inventory shows what of it is there, it looks.
            if target.kind not in FITS or not FITS[target.kind](session, target, live):
                _call(session, target, now=now)
            hindered |= {link.ticket_id for link in live}
        elif _drifted(session, target, live):
            _call(session, target, now=now)
            hindered |= {link.ticket_id for link in live}
        else:
            hindered |= {link.ticket_id for link in live if link.suspended}
            fine += live
    for link in fine:
        if link.ticket_id not in hindered and link.ticket.state is State.ACTIVE:
            link.ticket.problem = None


def _concerned(session: Session, cluster: str) -> Sequence[Target]:
    """Targets that live tickets are on, whose workload bears a mark or of which objects are on record: all others were
    let go of, however many."""
    live = select(TicketTarget.target_id).join(Ticket).where(queries.LIVE, Ticket.cluster == cluster)
    rows = session.scalars(select(InventoryWorkload).where(InventoryWorkload.cluster == cluster))
    marked = [(row.namespace, row.kind, row.name) for row in rows if MARK in _annotations(row)]
    place = tuple_(Target.namespace, Target.kind, Target.name)
    on_record = select(CreatedObject.target_id).where(CreatedObject.gone_at.is_(None))
    known = or_(Target.id.in_(live), Target.id.in_(on_record), place.in_(marked))
    query = select(Target).where(Target.cluster == cluster, known)
    return session.scalars(query).all()


def _annotations(row: InventoryWorkload) -> dict[str, str]:
    return row.object["metadata"].get("annotations") or {}


def _call(session: Session, target: Target, *, now: datetime, delay: timedelta = timedelta(0)) -> None:
    call = outbox.Call("meshdesk.converge", target.id, outbox.undo_queue(target.cluster), delay)
    outbox.send_once(session, call, now=now)


def _drifted(session: Session, target: Target, live: Sequence[TicketTarget]) -> bool:
    row, around = _workload(session, target), _surroundings(session, target)
    if row is None or around is None:
        return bool(live)
    try:
        plan = fold(memory_of(target, row.object), seen_of(row.object, around), claims_on(session, target))
    except Unreadable:
        # Nothing can be written, but the tickets must say so.
        return True
    return plan.write or bool(plan.suspend)


def _workload(session: Session, target: Target) -> InventoryWorkload | None:
    return session.scalar(
        select(InventoryWorkload).where(
            InventoryWorkload.cluster == target.cluster,
            InventoryWorkload.namespace == target.namespace,
            InventoryWorkload.kind == target.kind,
            InventoryWorkload.name == target.name,
        )
    )


def _surroundings(session: Session, target: Target) -> Surroundings | None:
    seen = session.get(InventoryCluster, target.cluster)
    query = select(InventoryNamespace).where(
        InventoryNamespace.cluster == target.cluster, InventoryNamespace.name == target.namespace
    )
    namespace = session.scalar(query)
    if seen is None or namespace is None:
        return None
    return Surroundings({"metadata": namespace.metadata_}, MeshDefaults.from_json(seen.defaults), seen.webhook)


def converge_target(context: Context, target_id: int) -> None:
    """Make one target fit its live tickets; where it is gone, tickets that have nothing left end."""
    with context.database.reading() as session:
        spot = spot_of(session.get_one(Target, target_id))
    try:
        handler_of(spot).reconcile(context, spot)
    except Gone:
        _end_without_targets(context, target_id)
    except Transient as error:
        log.warning("%s: %s", spot.ref, error.sentence)
        with context.database.unit_of_work() as session:
            _call(session, session.get_one(Target, target_id), now=database_now(session), delay=TRY_AGAIN)
    except (ClusterError, Unreadable) as error:
        log.warning("%s: %s", spot.ref, error.sentence)
        _tell(context, target_id, error.sentence)


def _tell(context: Context, target_id: int, problem: str) -> None:
    with context.database.unit_of_work() as session:
        spot = spot_of(session.get_one(Target, target_id))
        for link in queries.live_links(session, target_id):
            if spot.ref.kind in HANDLERS:
                tell(session, spot, link.ticket_id, {**link.suspended, "warnings": [problem]})
            else:
                link.ticket.problem = problem


def _end_without_targets(context: Context, target_id: int) -> None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        for link in queries.live_links(session, target_id):
            if not _any_left(session, link.ticket, besides=target_id):
                why = Ending(Outcome.TARGET_GONE, "What it was for is no longer in the cluster.")
                ending.end(session, link.ticket_id, why, by=WORKER, now=now)


def _any_left(session: Session, ticket: Ticket, *, besides: int) -> bool:
    query = select(Target).join(TicketTarget).where(TicketTarget.ticket_id == ticket.id, Target.id != besides)
    return any(_is_there(session, target) for target in session.scalars(query))


def _is_there(session: Session, target: Target) -> bool:
    """Whether the inventory shows the workload, or the namespace of objects."""
    return (_surroundings if target.kind in HANDLERS else _workload)(session, target) is not None
