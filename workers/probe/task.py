"""The task of a probe: try the ports that a pending ticket asks for, on its own workloads' pods, and attach it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Gone, Refused, Transient
from portal.kinds.base import InventoryView, WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.probing.judging import Attempt, judged
from portal.mesh.probing.results import Finding, Line, Result, is_claimed, weakest_line
from portal.models import Ticket
from portal.states import State
from portal.tickets.probing import Probed, attach_probe
from portal.tickets.routing import digest_of
from workers.context import Context, Spot
from workers.looking import Looking
from workers.probe.planning import Trial, planned
from workers.probe.port import attempts_at
from workers.rollout import links_of
from workers.workload import WorkloadHandler

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=5)
AT_ONCE = 16
"""How many ports are tried at the same time."""


def probe(context: Context, ticket_id: int) -> None:
    """Try whether a pending ticket's application encrypts; tried again while the cluster is away."""
    with context.database.reading() as session:
        ticket = queries.ticket(session, ticket_id, by=WORKER)
        spots = [spot for _, spot in links_of(session, ticket_id)]
    kind = kind_named(ticket.kind)
    if ticket.state is not State.PENDING or not is_claimed(ticket.fields) or not isinstance(kind, WorkloadKind):
        return
    try:
        found = _probed(context, ticket, kind, spots)
    except Transient as error:
        log.warning("%s: %s", ticket.ref, error.sentence)
        _call_again(context, ticket)
        return
    with context.database.unit_of_work() as session:
        attach_probe(session, ticket_id, found, now=database_now(session))


def _call_again(context: Context, ticket: Ticket) -> None:
    with context.database.unit_of_work() as session:
        outbox.send_once(session, replace(outbox.probe_call(ticket), delay=TRY_AGAIN), now=database_now(session))


def _probed(context: Context, ticket: Ticket, kind: WorkloadKind, spots: list[Spot]) -> Probed:
    looking = Looking.of(context)
    views = {spot: _view(looking, ticket, spot) for spot in spots}
    plan = planned(context, ticket.fields, kind, views)
    lines = [*_tried(plan.trials), *plan.untried]
    seen = [view for view in views.values() if not isinstance(view, str)]
    return Probed(tuple(lines) or _nothing(spots), digest_of(ticket.fields), seen)


def _view(looking: Looking, ticket: Ticket, spot: Spot) -> InventoryView | str:
    """The workload, or why it cannot be looked at. What findings are about the preflight has read."""
    try:
        return WorkloadHandler().view(looking, ticket, spot)
    except (Gone, Refused) as error:
        return error.sentence


def _nothing(spots: list[Spot]) -> tuple[Line, ...]:
    why = Finding(Result.NOT_PROBED, "It asks for no port, and its containers name none.")
    return tuple(Line(str(spot.ref), "inbound", "", why) for spot in spots)


def _tried(trials: list[Trial]) -> list[Line]:
    """Every trial's line, each door tried once however many workloads ask for it; the weakest line of each port."""
    doors = list(dict.fromkeys(trial.door for trial in trials))
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="probe") as pool:
        answers = dict(zip(doors, pool.map(attempts_at, doors), strict=True))
    by_port: dict[tuple[str, str, int], list[Line]] = {}
    for trial in trials:
        by_port.setdefault(trial.key, []).append(_line(trial, answers[trial.door]))
    return [weakest_line(lines) for lines in by_port.values()]


def _line(trial: Trial, attempts: list[Attempt]) -> Line:
    found = judged(attempts, trial.policy)
    return Line(trial.workload, trial.direction, str(trial.port), found, trial.where)
