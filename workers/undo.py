"""Taking a ticket back: fence, fold without it, and prove target by target. Called by the undo task."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from portal.db import database_now
from portal.errors import ClusterError, Gone
from portal.mesh.fold import Unreadable
from portal.models import Ticket, TicketTarget
from portal.tickets import carrying_out as verbs
from workers.context import Context, Spot
from workers.handlers import Before, Observation, Work
from workers.handling import handler_of
from workers.holding import hold, look_again, with_claim
from workers.rollout import follow, links_of, pace, seen_before, with_injector_events

log = logging.getLogger(__name__)


@dataclass
class Findings:
    """What one round of an undo found, target by target."""

    before: dict[str, Before]
    proven: dict[int, dict[str, Any]] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def undo(context: Context, ticket_id: int) -> None:
    """Take an ended ticket one step back; harmless when there is nothing to do or another worker does it."""
    with_claim(context, ticket_id, "meshdesk.undo", _take_back)


def _take_back(context: Context, held: verbs.Claim) -> None:
    with context.database.reading() as session:
        ticket = session.get_one(Ticket, held.ticket_id)
        links = links_of(session, held.ticket_id) if ticket.writing_from is not None else []
        found = Findings(seen_before(session, held.ticket_id))
    # A target that cannot be undone must not keep the others open.
    for spot in [spot for link, spot in links if link.proven_at is None]:
        hold(context, held)
        _one(context, held, spot, found)
    _settle(context, held, found, expected=len(links))


def _one(context: Context, held: verbs.Claim, spot: Spot, found: Findings) -> None:
    try:
        seen = handler_of(spot).take_back(context, Work(held.ticket_id, spot, lambda: hold(context, held)))
    except Gone:
        found.proven[spot.target_id] = {"workload": str(spot.ref), "gone": True}
    except (ClusterError, Unreadable) as error:
        found.problems.append(error.sentence)
        with context.database.unit_of_work() as session:
            look_again(session, session.get_one(Ticket, held.ticket_id), error)
    else:
        _judge(with_injector_events(context, seen) if seen.matching else seen, found)


def _judge(seen: Observation, found: Findings) -> None:
    spot = seen.spot
    found.progress[str(spot.ref)] = seen.progress()
    if seen.matching:
        found.proven[spot.target_id] = seen.evidence(found.before)
    else:
        found.problems += seen.blockers()


def _settle(context: Context, held: verbs.Claim, found: Findings, *, expected: int) -> None:
    with context.database.unit_of_work() as session:
        if found.proven:
            _keep(session, held, found)
        ticket = session.get_one(Ticket, held.ticket_id)
        links = [link for link, _ in links_of(session, held.ticket_id)] if expected else []
        progress = {**ticket.progress, **follow(ticket, found.progress, database_now(session))}
        if all(link.proven_at is not None for link in links):
            verbs.settle_closed(session, held, progress=progress)
        elif found.problems:
            verbs.retry_later(session, held, problem=" ".join(found.problems))
        else:
            delay = pace(ticket.ended_at, database_now(session))
            verbs.wait(session, held, progress=progress, delay=delay)


def _keep(session: Session, held: verbs.Claim, found: Findings) -> None:
    verbs.attach_undone(session, held, evidence={"targets": list(found.proven.values())})
    for target_id in found.proven:
        session.get_one(TicketTarget, (held.ticket_id, target_id)).proven_at = database_now(session)
