"""How fresh what is known of a cluster is: when workers last read it, why not since, and whether that is long ago."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.api.context import parts
from portal.models import InventoryCluster

LATE_AFTER = 5
"""A cluster that was not read for so many turns of the inventory is told as one that nobody can vouch for."""


@dataclass(frozen=True)
class Freshness:
    """When a cluster was last read whole (None: never), when somebody last tried, and why that failed (None: it did
    not). `old` says that it is longer ago than it should be."""

    cluster: str
    seen_at: datetime | None = None
    tried_at: datetime | None = None
    problem: str | None = None
    old: bool = True

    @property
    def good(self) -> bool:
        """True where what is known is how it is now, as far as anybody can tell."""
        return self.problem is None and not self.old


def freshness(session: Session, clusters: Collection[str], now: datetime) -> dict[str, Freshness]:
    """The freshness of each of these clusters, also of those that no worker has tried to read."""
    columns = (InventoryCluster.cluster, InventoryCluster.seen_at, InventoryCluster.tried_at, InventoryCluster.problem)
    rows = session.execute(select(*columns).where(InventoryCluster.cluster.in_(clusters))) if clusters else ()
    oldest = now - LATE_AFTER * parts().config.inventory_every
    seen = {row[0]: Freshness(*row, old=row.seen_at is None or row.seen_at < oldest) for row in rows}
    return {name: seen.get(name, Freshness(name)) for name in sorted(clusters)}
