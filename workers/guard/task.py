"""The guard's task: parameters, then policies, and what was found is written down for the pages.

An operator asks for it, the registry and ended tickets do, and the sweep each minute.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, outbox
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import ClusterError
from portal.mesh.guard.lines import NO_END, Line
from portal.mesh.guard.render import Guard
from portal.models import GuardState
from portal.queries import guard as queries
from workers.context import Context
from workers.guard.parameters import keep
from workers.guard.policies import Done, hold

log = logging.getLogger(__name__)
LOOK_EVERY = timedelta(minutes=1)


def call_for_guards(context: Context) -> None:
    """Have each guard looked at that was not for a while. Called by the sweep."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        fresh = select(GuardState.cluster).where(GuardState.tried_at > now - LOOK_EVERY)
        looked = set(session.scalars(fresh))
        for name in queries.guarded_clusters(session):
            if name not in looked:
                outbox.ask_guard(session, name, now=now)


def guard(context: Context, name: str) -> None:
    """Hold the guard of a cluster to the registry and the live tickets; a failure is written down, never raised."""
    with context.database.reading() as session:
        wanted, state = queries.guard_of(session, name), session.get(GuardState, name)
    if not wanted.on and state is None:
        return
    try:
        lines, done = _look(context, wanted, write=state is not None and state.asked_at is not None)
    except ClusterError as error:
        log.warning("the guard of %s: %s", name, error.sentence)
        note(context, name, error.sentence)
        return
    with context.database.unit_of_work() as session:
        _settle(session, name, lines, done)


def _look(context: Context, wanted: Guard, *, write: bool) -> tuple[list[Line], Done]:
    # Before the policies: they deny everything while there are no parameters.
    lines = keep(context, wanted.cluster) if wanted.on else []
    return lines, hold(context.connect(wanted.cluster), wanted, write=write)


def note(context: Context, name: str, problem: str) -> None:
    """Write down why the guard of a cluster could not be held to what it should be."""
    with context.database.unit_of_work() as session:
        row = _row(session, name)
        row.tried_at, row.problem = database_now(session), problem


def _settle(session: Session, name: str, lines: list[Line], done: Done) -> None:
    row, now = _row(session, name), database_now(session)
    row.tried_at, row.problem, row.amiss = now, None, done.amiss
    row.lines = [_shown(line) for line in lines]
    if not done.amiss:
        row.in_step_at = now
    first = row.applied_at is None
    if done.written or done.mended:
        row.applied_at = now
    for type_, objects in (("guard:applied", done.written), ("guard:mended", done.mended)):
        if objects:
            what = "guard:applied" if first else type_
            deed = audit.Deed(what, WORKER.name, {"cluster": name, "objects": objects})
            audit.record(session, audit.SYSTEM_CHAIN, deed, now=now)


def _shown(line: Line) -> dict[str, str | None]:
    end = line.text.split(" ")[2]
    until = None if end == NO_END else end.removesuffix("Z")
    return {
        "namespace": line.namespace,
        "workload": line.workload,
        "ticket": line.ticket,
        "until": until,
        "text": line.text,
    }


def _row(session: Session, name: str) -> GuardState:
    row = session.scalar(select(GuardState).where(GuardState.cluster == name).with_for_update())
    if row is None:
        row = GuardState(cluster=name)
        session.add(row)
        session.flush()
    return row
