"""Telling that a rollout hangs, and that it goes on again: each once, in the ticket's story. carrying_out.py calls it.

Whom it is told, `portal/notify/occasions.py` says; the sentence stays in the ticket's progress for as long as it hangs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.access.actor import WORKER
from portal.db import database_now
from portal.mesh.stalls import stalled_in
from portal.models import Ticket
from portal.tickets.moving import take_for_change, testify


def tell(session: Session, ticket_id: int, progress: dict[str, Any]) -> None:
    """Testify which rollouts began to hang and which go on, by the progress that is kept next."""
    ticket = session.get_one(Ticket, ticket_id)
    before = stalled_in(ticket.progress or {}, ticket.state)
    now = stalled_in(progress, ticket.state)
    if began := {name: why for name, why in now.items() if name not in before}:
        _testify(session, ticket_id, "rollout:stalled", began)
    if goes_on := {name: "" for name in before if name not in now}:
        _testify(session, ticket_id, "rollout:resumed", goes_on)


def _testify(session: Session, ticket_id: int, type_: str, found: dict[str, str]) -> None:
    why = " ".join(f"{name}: {sentence}" for name, sentence in found.items() if sentence)
    said = {"why": why} if why else {}
    ticket = take_for_change(session, ticket_id, by=WORKER)
    testify(session, ticket, type_, by=WORKER, now=database_now(session), workloads=list(found), **said)
