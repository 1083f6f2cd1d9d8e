"""What several tests of waiting and owing do to a ticket's times: the days pass by moving what is due into the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.db import database_now
from portal.models import Event, Ticket
from portal.policy_store import apply_policy
from portal.states import State
from portal.tickets.moving import take_for_change
from tests import world
from tests.workers.desk import Desk
from workers.sweep import sweep

TIMES = (
    "created_at",
    "lapses_at",
    "call_deciders_at",
    "nudged_at",
    "review_due_at",
    "recertify_at",
    "recertify_warn_at",
)


def pass_by(desk: Desk, number: int, span: timedelta) -> None:
    """Let so much time pass for a ticket, and the sweep come by."""
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        for name in TIMES:
            at: datetime | None = getattr(ticket, name)
            if at is not None:
                setattr(ticket, name, at - span)
    sweep(desk.context)


def story(desk: Desk, number: int, type_: str) -> Sequence[Event]:
    """The events of one type of a ticket."""
    with desk.database.reading() as session:
        found = select(Event).where(Event.chain == f"MD-{number}", Event.type == type_).order_by(Event.number)
        return session.scalars(found).all()


def rule_by(desk: Desk, **route: Any) -> None:
    """Bring a policy of one rule into force, by a security partner and for 30 days unless `route` says otherwise."""
    lines = {"approvals": "[{from: security-partner}]", "longest": "P30D", **route}
    told = "".join(f"    {name}: {value}\n" for name, value in lines.items() if value is not None)
    with desk.database.unit_of_work() as session:
        text = f"version: 1\nrules:\n  - name: all\n{told}"
        assert apply_policy(session, text, by="a test", now=database_now(session))


def fail(desk: Desk, number: int) -> None:
    """Let a ticket be one that the cluster refused before anything was written."""
    with desk.database.unit_of_work() as session:
        ticket = take_for_change(session, number, by=world.actor(session, "operator"))
        ticket.state = State.FAILED
