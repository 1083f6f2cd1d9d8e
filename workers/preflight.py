"""The preflight: what a change would do to its targets, looked at in the cluster before anybody decides."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Transient
from portal.kinds.base import View
from portal.mesh.findings import Severity
from portal.models import Ticket
from portal.policy import NotRouted, Route
from portal.policy_store import policy_of
from portal.states import State
from portal.tickets.deciding import Preflight, attach_preflight
from portal.tickets.routing import route_ticket
from workers.context import Context, Spot
from workers.handlers import Looked
from workers.handling import handler_of
from workers.looking import Looking
from workers.rollout import links_of

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=5)
_AT_ONCE = 4


def preflight(context: Context, ticket_id: int) -> None:
    """Look at every target of a pending ticket and attach what was found; tried again while the cluster is away."""
    with context.database.reading() as session:
        ticket = queries.ticket(session, ticket_id, by=WORKER)
        spots = [spot for _, spot in links_of(session, ticket_id)]
    if ticket.state is not State.PENDING:
        return
    try:
        looked = _look(Looking.of(context), ticket, spots)
    except Transient as error:
        log.warning("%s: %s", ticket.ref, error.sentence)
        with context.database.unit_of_work() as session:
            call = replace(outbox.preflight_call(ticket), delay=TRY_AGAIN)
            outbox.send(session, call, now=database_now(session))
        return
    with context.database.unit_of_work() as session:
        attach_preflight(session, ticket_id, _together(session, ticket, looked), now=database_now(session))


def _look(context: Looking, ticket: Ticket, spots: list[Spot]) -> dict[int, Looked]:
    """Look at the first by itself, so that what all share is read once, then at the others a few at a time: a look is
    mostly waiting for the API server."""

    def look(spot: Spot) -> Looked:
        return handler_of(spot).look(context, ticket, spot)

    first = [look(spot) for spot in spots[:1]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [*first, *pool.map(look, spots[1:])]
    return {spot.target_id: one for spot, one in zip(spots, found, strict=True)}


def _together(session: Session, ticket: Ticket, looked: Mapping[int, Looked]) -> Preflight:
    # What several targets have in common, such as what they call, is said once.
    findings = list(dict.fromkeys(finding for one in looked.values() for finding in one.findings))
    clean = not any(finding.severity is Severity.BLOCKING for finding in findings)
    data = {"targets": [one.report for one in looked.values()], "findings": [finding.to_json() for finding in findings]}
    views = [one.view for one in looked.values() if one.view is not None]
    wanted = {target: one.wanted for target, one in looked.items() if one.wanted is not None}
    route = _route(session, ticket, views)
    return Preflight(clean, data, route, wanted, ticket.fields)


def _route(session: Session, ticket: Ticket, views: list[View]) -> Route | None:
    try:
        return route_ticket(session, ticket, views, policy_of(session, ticket.policy_hash)).route
    except NotRouted:
        return None
