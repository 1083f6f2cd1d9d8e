"""One ticket whole, as a page: the case, its evidence, how to use it, what may be done, and all that happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.api.probes import RUNNING
from portal.db import database_now
from portal.models import Ticket
from portal.queries.watching import pulse
from portal.states import MOVING, State
from portal.tickets.manifests import manifests_of
from portal.web.looked import looked
from portal.web.page import render
from portal.web.seen import raw, seen
from portal.web.sheet import Read, Refusal, read, sheet
from portal.web.story import story

SOON, LATER = 2, 5
"""How often an open page asks whether it is still true, in seconds: while something is under way, and else."""


def ticket_page(number: int, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The page of a ticket for whoever is signed in; raises NotFound, also for another tenant's."""
    by = actor()
    with parts().database.reading() as session:
        now, found = database_now(session), read(session, number, by)
        shown = {**sheet(session, found, by=by, now=now, refusal=refusal), **_more(session, found, by, now)}
    return render("ticket.html", status, **shown)


def _more(session: Session, found: Read, by: Actor, now: datetime) -> dict[str, Any]:
    ticket = found.ticket
    return {
        "beat": pulse(session, ticket.id, by=by),
        "every": SOON if under_way(ticket, now, probing=_probing(found)) else LATER,
        "seen": seen(found.evidence),
        "looked": looked(found.evidence, [one["workload"] for one in found.view["targets"]]),
        "raw": raw(found.evidence),
        "manifests": manifests_of(session, ticket) or [],
        "story": story(found.events),
        "told": len(found.events),
        "all_events": found.events[-1].number if found.events else 0,
        "asked_now": {one.id for one in queries.open_questions(session, [ticket]).values()},
    }


def _probing(found: Read) -> bool:
    return bool(found.view["probe"]) and found.view["probe"]["state"] == RUNNING


def under_way(ticket: Ticket, now: datetime, *, probing: bool = False) -> bool:
    """True while a worker is about to do something to it: soon its page will be another."""
    if ticket.state is State.PENDING:
        return ticket.preflight_at is None or probing
    waits = ticket.next_attempt_at is not None and ticket.state is State.APPROVED and ticket.next_attempt_at > now
    ends = ticket.state is State.ACTIVE and ticket.expires_at is not None and ticket.expires_at <= now
    return (ticket.state in MOVING and not waits) or ends
