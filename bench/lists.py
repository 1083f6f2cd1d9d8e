"""How a page of tickets grows with their number: the web application on SQLite with generated rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bench.figures import Figure, timed
from portal import create_app
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import Database
from portal.migrating import Migrations
from portal.models import Evidence, Person, Target, Tenant, Ticket, TicketTarget
from portal.states import State
from tests import world

FEW, MANY, TRIES = 100, 10_000, 30
PAGES = {
    "newest 50": "limit=50",
    "50 that are active": "limit=50&state=active",
    "50 that wait for me": "limit=50&state=pending&waiting_for=me",
}
STATES = [State.CLOSED] * 16 + [State.PENDING, State.ACTIVE, State.REJECTED, State.WITHDRAWN]


def lists(folder: Path) -> Iterator[Figure]:
    """The pages with few tickets, and with many beside them."""
    url = f"sqlite:///{folder / 'lists.db'}"
    with Migrations(url) as migrations:
        migrations.upgrade()
    app = create_app(Config(var=folder, database_url=url))
    database: Database = app.extensions[EXTENSION].database
    with database.unit_of_work() as session:
        world.build(session)
        session.flush()
        add(session, first=1, last=FEW)
    before = {page: measured(app.test_client(), page, FEW) for page in PAGES}
    with database.unit_of_work() as session:
        add(session, first=FEW + 1, last=MANY)
    for page in PAGES:
        yield before[page]
        yield measured(app.test_client(), page, MANY).against(before[page], f"the same of {FEW}")
    database.dispose()


def measured(client: FlaskClient, page: str, tickets: int) -> Figure:
    """One page asked for again and again; the first answer, which fills caches, does not count."""

    def ask() -> None:
        answer = client.get(f"/api/v1/tickets?{PAGES[page]}", headers=world.bearer("partner"))
        assert answer.status_code == 200, answer.text  # noqa: S101 - a figure of refusals would be no figure

    ask()
    return Figure(f"list: {page} of {tickets:,} tickets", [timed(ask) for _ in range(TRIES)])


def add(session: Session, *, first: int, last: int) -> None:
    """Tickets of two tenants over a year, with a target and a preflight each."""
    chance = random.Random(first)
    tenants = list(session.scalars(select(Tenant.id).order_by(Tenant.name)))
    member = session.scalars(select(Person.id).where(Person.name == "member")).one()
    numbers = range(first, last + 1)
    session.execute(insert(Ticket), [ticket(number, chance.choice(tenants), member, chance) for number in numbers])
    names = {"cluster": "practice", "kind": "deployment", "namespace": "emojivoto"}
    session.execute(insert(Target), [{"id": n, **names, "name": f"app-{n}", "memory": {}} for n in numbers])
    link: dict[str, Any] = {"wanted": {}, "suspended": {}}
    session.execute(insert(TicketTarget), [{"ticket_id": n, "target_id": n, **link} for n in numbers])
    seen = {"kind": "preflight", "seen_at": datetime.now(UTC), "data": {"findings": [], "targets": []}}
    session.execute(insert(Evidence), [{"ticket_id": n, **seen} for n in numbers])


def ticket(number: int, tenant: int, member: int, chance: random.Random) -> dict[str, Any]:
    """The row of one ticket."""
    state, at = chance.choice(STATES), datetime.now(UTC) - timedelta(minutes=MANY - number)
    who = {"tenant_id": tenant, "requester_id": member, "reason": "a benchmark", "notes": []}
    where = {"kind": "encryption-exception", "cluster": "practice", "namespace": "emojivoto", "environment": "staging"}
    asked = {"fields": world.exception(workloads=[f"deployment/app-{number}"]), "duration_seconds": 1800}
    approvals = [{"from": "security-partner", "count": 1}]
    routed = {"rule": "a-rule", "rule_reason": "as the rule says", "policy_hash": "0" * 64, "approvals": approvals}
    times = {"created_at": at, "updated_at": at, "preflight_at": at, "preflight_clean": True}
    row = {"id": number, "state": state, "fingerprint": f"{number:064d}", "version": 1, "automatic": False}
    return {**who, **where, **asked, **routed, **times, **row, "progress": {}, "attempts": 0}
