"""What the guard of a cluster looks like on its page: states of it as workers leave them, for tests of pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from portal.db import Database
from portal.models import Cluster, GuardState, Namespace, Tenant


def switch(database: Database, mode: str = "deny", **state: Any) -> None:
    """Switch it on in the registry, with what a worker wrote down a moment ago."""
    with database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = mode
        if state:
            session.merge(GuardState(cluster="practice", **state))


def in_step() -> dict[str, Any]:
    """All stands as it should."""
    now = datetime.now(UTC)
    return {"asked_at": now - timedelta(minutes=1), "asked_by": "operator", "tried_at": now, "in_step_at": now}


def late(count: int, name: str = "emoji") -> list[dict[str, Any]]:
    """Lines of tickets that are over."""
    end = "2026-03-01T10:00:00"
    made = {"namespace": "emojivoto", "workload": f"deployment/{name}", "until": end}
    return [{**made, "ticket": f"MD-{number}", "text": str(number)} for number in range(1, count + 1)]


def add_namespaces(database: Database, count: int, mode: str | None) -> None:
    """Many namespaces of the emojis, in that mode."""
    with database.unit_of_work() as session:
        owner = session.query(Tenant).filter(Tenant.name == "emojis").one()
        names = [f"{mode or 'own'}-{number:03}" for number in range(count)]
        session.add_all(Namespace(cluster="practice", name=one, tenant_id=owner.id, guard=mode) for one in names)
