"""The task of a probe: try the ports that a pending ticket asks for, on its own workloads' pods, and attach it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Transient
from portal.kinds.base import View
from portal.mesh.probing.judging import Attempt, judged
from portal.mesh.probing.results import Finding, Line, Result, is_claimed, weakest_line
from portal.models import Ticket
from portal.states import State
from portal.tickets.probing import Probed, attach_probe
from portal.tickets.routing import digest_of
from workers.context import Context, Spot
from workers.handlers import Looked
from workers.handling import handler_of
from workers.looking import Looking
from workers.probe.planning import Trial, planned
from workers.probe.port import attempts_at
from workers.rollout import links_of

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=5)
AT_ONCE = 16
"""How many ports are tried at the same time."""


def probe(context: Context, ticket_id: int) -> None:
    """Try whether a pending ticket's application encrypts; tried again while the cluster is away."""
    with context.database.reading() as session:
        ticket = queries.ticket(session, ticket_id, by=WORKER)
        spots = [spot for _, spot in links_of(session, ticket_id)]
    if ticket.state is not State.PENDING or not is_claimed(ticket.fields):
        return
    try:
        found = _probed(context, ticket, spots)
    except Transient as error:
        log.warning("%s: %s", ticket.ref, error.sentence)
        _call_again(context, ticket)
        return
    with context.database.unit_of_work() as session:
        attach_probe(session, ticket_id, found, now=database_now(session))


def _call_again(context: Context, ticket: Ticket) -> None:
    with context.database.unit_of_work() as session:
        outbox.send_once(session, replace(outbox.probe_call(ticket), delay=TRY_AGAIN), now=database_now(session))


def _probed(context: Context, ticket: Ticket, spots: list[Spot]) -> Probed:
    looking = Looking.of(context)
    looked = {spot: handler_of(spot).look(looking, ticket, spot) for spot in spots}
    plan = planned(context, ticket, looked)
    lines = [*_tried(plan.trials), *plan.untried]
    return Probed(tuple(lines) or _nothing(looked), digest_of(ticket.fields), _views(looked))


def _views(looked: dict[Spot, Looked]) -> list[View]:
    return [one.view for one in looked.values() if one.view is not None]


def _nothing(looked: dict[Spot, Looked]) -> tuple[Line, ...]:
    why = Finding(Result.NOT_PROBED, "It asks for no port, and its containers name none.")
    return tuple(Line(str(spot.ref), "inbound", "", why) for spot in looked)


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
