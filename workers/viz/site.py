"""A cluster's Viz as one worker has it in hand: the hold on its target, its cluster, and the tickets that it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from portal import queries
from portal.db import database_now
from portal.errors import Gone, Refused
from portal.mesh.objects import ObjectRef
from workers.cluster.protocol import Cluster, Object
from workers.context import Context, Spot
from workers.created.lease import Keep, exclusively


@dataclass(frozen=True)
class Site:
    """`keep` renews the hold, and with it the caller's claim; it is called before each write to the cluster."""

    context: Context
    spot: Spot
    cluster: Cluster
    keep: Keep

    def there(self, ref: ObjectRef) -> Object | None:
        """An object as it is now, None where it is not."""
        return there(self.cluster, ref)

    def now(self) -> datetime:
        """The database's time."""
        with self.context.database.reading() as session:
            return database_now(session)


@contextmanager
def taken(context: Context, spot: Spot, keep: Keep) -> Iterator[Site]:
    """The cluster's Viz for this worker alone; raises Transient while another has it."""
    with exclusively(context, spot, keep) as both:
        yield Site(context, spot, context.connect(spot.cluster), both)


def there(cluster: Cluster, ref: ObjectRef) -> Object | None:
    """An object as it is now, None where it is not."""
    try:
        return cluster.object(ref)
    except Gone:
        return None


@dataclass(frozen=True)
class Tenure:
    """The live tickets on a cluster's Viz, oldest first, and the end of the last of them."""

    tickets: tuple[str, ...]
    until: datetime


def tenure(context: Context, spot: Spot) -> Tenure | None:
    """Whom Viz is for now; None where no live ticket is left.

    Raises Refused where one has no end: certificates and the namespace's own date need one.
    """
    with context.database.reading() as session:
        ends = {link.ticket.ref: link.ticket.expires_at for link in queries.live_links(session, spot.target_id)}
    if not ends:
        return None
    return Tenure(tuple(ends), _latest(ends))


def _latest(ends: Mapping[str, datetime | None]) -> datetime:
    known = [end for end in ends.values() if end is not None]
    if len(known) < len(ends):
        raise Refused("Viz is never installed without an end: ask again with a duration.")
    return max(known)


def read_kinds(cluster: Cluster, refs: Iterable[ObjectRef], selector: str) -> dict[ObjectRef, Object]:
    """Those of the objects that are there: a list for each kind, and one by one what the selector does not show."""
    wanted = set(refs)
    found = {
        ObjectRef.of(obj): obj
        for api_version, kind in sorted({(ref.api_version, ref.kind) for ref in wanted})
        for obj in cluster.objects(api_version, kind, selector=selector)
    }
    for ref in wanted - found.keys():
        if (obj := there(cluster, ref)) is not None:
            found[ref] = obj
    return {ref: obj for ref, obj in found.items() if ref in wanted}
