"""Whose turn it is to ask for a cluster's figures, and for which minutes: one worker at a time; asking.py takes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.db import database_now
from portal.models import Namespace, ToplineCluster
from workers.context import Context
from workers.topline.rows import MINUTES

# A worker that asks so long gives way to the next, which goes on where it stopped.
PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Turn:
    """One worker's turn at a cluster: the tenants by namespace, and the minutes (since 1970) that it asks for."""

    cluster: str
    owners: Mapping[str, int]
    first: int
    last: int
    give_up: float

    @property
    def seen_at(self) -> datetime:
        """The last of its minutes as an instant."""
        return datetime.fromtimestamp(self.last * 60, UTC)


def take(context: Context, cluster: str) -> Turn | None:
    """Take the turn; None while another worker has it, and where no minute has passed since the last."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        row = session.get(ToplineCluster, cluster, with_for_update=True)
        if row is None:
            row = ToplineCluster(cluster=cluster)
            session.add(row)
        if row.busy_until is not None and row.busy_until > now:
            return None
        row.tried_at = now
        last = int(now.timestamp()) // 60
        known = 0 if row.seen_at is None else int(row.seen_at.timestamp()) // 60
        if known >= last:
            return None
        row.busy_until = now + 2 * PATIENCE
        owned = select(Namespace.name, Namespace.tenant_id).where(Namespace.cluster == cluster).order_by(Namespace.name)
        owners = {one.name: one.tenant_id for one in session.execute(owned)}
        give_up = time.monotonic() + PATIENCE.total_seconds()
        return Turn(cluster, owners, max(known, last - MINUTES) + 1, last, give_up)


def settle(context: Context, turn: Turn, **found: Any) -> None:
    """Give the turn back, with what is known of the cluster now."""
    with context.database.unit_of_work() as session:
        row = session.get_one(ToplineCluster, turn.cluster)
        row.busy_until = None
        for name, value in found.items():
            setattr(row, name, value)
