"""Make a target look like its baseline plus what its live tickets want: the one way a cluster is ever changed.

The order matters: the object is read first and the tickets after it, so no worker can take out another's entries;
what is intended is committed before it is written, so a crash never leaves an entry that nobody remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Conflict, Transient
from portal.mesh.adopting import adopt, present
from portal.mesh.fold import Fold, Memory, Seen, Want, confirm, fold
from portal.mesh.workloads import WorkloadRef, annotations_patch
from portal.models import Target, TicketTarget
from portal.tickets.expectation import Surroundings, claims_on, memory_of, seen_of
from portal.tickets.moving import number_of, take_for_change, testify
from workers.context import Context, Spot, surroundings
from workers.guard import passing

ATTEMPTS = 8


@dataclass(frozen=True)
class Found:
    """A target that shows what it should: the object as read last, and what is around it."""

    obj: dict[str, Any]
    around: Surroundings


def converge(context: Context, spot: Spot, *, fence_for: int | None = None) -> Found:
    """Write until nothing is left to write, then return what was read last.

    `fence_for` is a ticket whose undo must make every earlier reader's version stale, also where nothing differs.
    Raises Gone, Refused, Transient and Unreadable.
    """
    cluster = context.connect(spot.cluster)
    for _ in range(ATTEMPTS):
        around = surroundings(cluster, spot.ref.namespace)
        # Read last, so that another writer has the least time to come between this and our write.
        obj = cluster.workload(spot.ref)
        with context.database.unit_of_work() as session:
            plan = intend(session, spot, obj, around, fence_for=fence_for)
        if not plan.write:
            return Found(obj, around)
        _write(context, spot, obj, plan, fence_for)
    raise Transient(f"{spot.ref} keeps being changed by somebody else; this is tried again by itself.")


def _write(context: Context, spot: Spot, obj: dict[str, Any], plan: Fold, fence_for: int | None) -> None:
    version = obj["metadata"]["resourceVersion"]
    patch = annotations_patch(spot.ref.kind, plan.changes, plan.mark, version)
    try:
        passing.patch_workload(context, spot, patch)
    except Conflict:
        return
    with context.database.unit_of_work() as session:
        _confirm(session, spot, plan, fence_for)


def intend(session: Session, spot: Spot, obj: dict[str, Any], around: Surroundings, *, fence_for: int | None) -> Fold:
    """Fold the live tickets over what was seen and commit what is to be written, before it is written."""
    target = _locked(session, spot.target_id)
    fence = fence_for is not None and not _fenced(session, spot.target_id, fence_for)
    seen = seen_of(obj, around)
    memory = _adopted_memory(session, spot, memory_of(target, obj), seen, fence_for)
    plan = fold(memory, seen, claims_on(session, target), fence=fence, mark_first=True)
    for ref, removed in sorted(plan.suspend.items()):
        _suspend(session, spot, ref, removed)
    target.uid = obj["metadata"]["uid"]
    target.memory, target.sequence = plan.memory.to_json(), plan.memory.sequence
    if not plan.write:
        _note_written(session, spot.target_id)
    return plan


def _adopted_memory(session: Session, spot: Spot, memory: Memory, seen: Seen, ending: int | None) -> Memory:
    """The memory with what tickets take over that are not yet written: once they are, they are like any other.

    What is no longer there is never written for them. `ending` is the ticket that is being undone: what it asked for
    is taken out even if no worker came to take it over.
    """
    for link in queries.adopting_links(session, spot.target_id, ending):
        want = Want.from_json(link.wanted) - Want.from_json(link.suspended)
        there = present(want, seen.template)
        if want - there and link.ticket_id != ending:
            _suspend(session, spot, link.ticket.ref, want - there)
        memory = adopt(memory, seen, there)
    return memory


def _locked(session: Session, target_id: int) -> Target:
    query = select(Target).where(Target.id == target_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _fenced(session: Session, target_id: int, ticket_id: int) -> bool:
    return session.get_one(TicketTarget, (ticket_id, target_id)).fenced_at is not None


def _suspend(session: Session, spot: Spot, ref: str, removed: Want) -> None:
    ticket = take_for_change(session, number_of(ref), by=WORKER)
    link = session.get_one(TicketTarget, (ticket.id, spot.target_id))
    before = Want.from_json(link.suspended)
    if not removed - before:
        return
    link.suspended = (before | removed).to_json()
    ticket.problem = (
        f"Somebody removed entries of {ref} from {spot.ref}; they are not added again. Reapply them, or release."
    )
    now = database_now(session)
    testify(session, ticket, "drift:suspended", by=WORKER, now=now, workload=str(spot.ref), removed=removed.to_json())


def _note_written(session: Session, target_id: int) -> None:
    for link in queries.live_links(session, target_id):
        link.written_at = link.written_at or database_now(session)


def _confirm(session: Session, spot: Spot, plan: Fold, fence_for: int | None) -> None:
    """The write landed; unless another worker has intended something newer, what was intended is written."""
    target = _locked(session, spot.target_id)
    if target.sequence == plan.memory.sequence:
        target.memory = confirm(Memory.from_json(target.memory)).to_json()
    if fence_for is not None:
        session.get_one(TicketTarget, (fence_for, spot.target_id)).fenced_at = database_now(session)
    outbox.ask_inventory(session, spot.cluster, now=database_now(session))


def spot_of(target: Target) -> Spot:
    """Where a target is."""
    return Spot(target.id, target.cluster, WorkloadRef(target.kind, target.namespace, target.name))
