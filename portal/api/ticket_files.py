"""The list of tickets as a file: the same filters, a line for each ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.api.csv_file import MOST_ROWS, csv_response
from portal.api.listing import filter_of, page
from portal.db import Database
from portal.durations import format_duration
from portal.models import Ticket
from portal.queries import lists

BATCH = 500
HEAD = (
    *("ref", "state", "outcome", "kind", "tenant", "cluster", "namespace", "environment", "requester"),
    *("asked_at", "active_from", "expires_at", "ended_at", "ended_by", "duration", "rule", "targets"),
    *("approved_by", "rejected_by", "reason"),
)


def tickets_file(asked: dict[str, Any]) -> Response:
    """The tickets that a query finds (as ListSchema loads it), newest first, at most MOST_ROWS of them."""
    return csv_response("tickets.csv", HEAD, _rows(parts().database, filter_of(asked), actor()))


def _rows(database: Database, wanted: queries.TicketFilter, by: Actor) -> Iterator[Sequence[Any]]:
    # It runs while the answer is sent, when there is no request any more; each batch is a read of its own.
    before, sent = None, 0
    while sent < MOST_ROWS:
        with database.reading() as session:
            found = _batch(session, wanted, by, before)
        yield from map(_row, found)
        if len(found) < BATCH:
            return
        before, sent = found[-1].id, sent + len(found)


def _batch(session: Session, wanted: queries.TicketFilter, by: Actor, before: int | None) -> Sequence[Ticket]:
    if wanted.waiting_for_me:
        return page(session, wanted, by=by, before=before, limit=BATCH)[0]
    return lists.rows(session, wanted, by=by, before=before, limit=BATCH)


def _row(ticket: Ticket) -> Sequence[Any]:
    same = ("active_from", "expires_at", "ended_at", "ended_by")
    said = [(one.decision, one.person.name) for one in ticket.decisions if one.void_reason is None]
    place = (ticket.tenant.name, ticket.cluster, ticket.namespace, ticket.environment, ticket.requester.name)
    return (
        *(ticket.ref, ticket.state.value, ticket.outcome, ticket.kind, *place, ticket.created_at),
        *(getattr(ticket, name) for name in same),
        "" if ticket.duration is None else format_duration(ticket.duration),
        ticket.rule,
        [f"{link.target.kind}/{link.target.name}" for link in ticket.targets],
        *([name for decision, name in said if decision == word] for word in ("approve", "reject")),
        ticket.reason,
    )
