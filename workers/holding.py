"""Holding a ticket while a worker works on it: the claim, its renewal, and what becomes of an unforeseen error."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from portal import outbox
from portal.db import database_now
from portal.errors import ClusterError, Conflict, LostClaim, Transient
from portal.mesh.fold import Unreadable
from portal.models import Ticket
from portal.tickets import carrying_out as verbs
from workers.context import Context

log = logging.getLogger(__name__)

Work = Callable[[Context, verbs.Claim], None]


def with_claim(context: Context, ticket_id: int, task: str, work: Work) -> None:
    """Do the work while holding the ticket; harmless when there is nothing to do or another worker does it."""
    with context.database.unit_of_work() as session:
        taken = verbs.claim(session, ticket_id, task=task, lease=context.config.lease)
    if taken is None:
        return
    held = taken[1]
    try:
        try:
            work(context, held)
        except LostClaim:
            raise
        except Exception:
            # A defect of ours must not leave a ticket silent: it says so and is tried again, as all work is.
            log.exception("MD-%s: unforeseen", ticket_id)
            with context.database.unit_of_work() as session:
                verbs.stumble(session, held)
    except LostClaim as lost:
        log.info("MD-%s: %s", ticket_id, lost.sentence)


def hold(context: Context, held: verbs.Claim) -> None:
    """Renew the claim before the next step; raises LostClaim when the ticket is another's or has ended."""
    with context.database.unit_of_work() as session:
        verbs.renew(session, held)


def look_again(session: Session, ticket: Ticket, error: ClusterError | Unreadable) -> None:
    """After what may be a cluster that is away, have it looked at: once it answers, all that it owes is called for."""
    if ticket.cluster is not None and isinstance(error, Transient) and not isinstance(error, Conflict):
        outbox.ask_inventory(session, ticket.cluster, now=database_now(session))
