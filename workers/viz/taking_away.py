"""Taking our Viz away, by the record: resumable after a crash at any point, done when nothing of it is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.presence import added_by_others
from portal.models import CreatedObject
from portal.tickets.viz_sights import ours
from workers.context import Context, Spot
from workers.created.rows import note_gone, records, ref_of
from workers.viz.memory import Memory, remember, remembered
from workers.viz.removal import clear, inside, labelled, same, scrapes
from workers.viz.site import Site


def take_away(site: Site) -> list[str]:
    """Remove Viz as far as can be done now; gives what is still waited for, [] once all of it is proven to be gone."""
    memory = remembered(site.context, site.spot)
    if memory.bundle is None:
        return []
    memory = _begun(site, memory)
    waiting = _clear(site, memory)
    if not waiting:
        waiting = [
            f"{ObjectRef.of(obj)} carries Viz's label and is not on Meshdesk's record: whoever made it must remove it."
            for obj in labelled(site.cluster)
        ]
    if not waiting:
        remember(site.context, site.spot, Memory(since=memory.since, added=memory.added))
    return waiting


def _begun(site: Site, memory: Memory) -> Memory:
    if memory.removing:
        return memory
    found = list(inside(site.cluster, memory.pinned.namespace))
    with site.context.database.reading() as session:
        added = added_by_others(found, is_ours=ours(session, site.spot.cluster))
    return remember(site.context, site.spot, replace(memory, removing=True, added=tuple(added)))


def _clear(site: Site, memory: Memory) -> list[str]:
    namespace = memory.pinned.namespace
    known = {record.ref: record for record in records(site.context, site.spot)}
    others = {ObjectRef.of(obj): same(obj) for obj in scrapes(site.cluster, namespace)}
    items = {**others, **{ref: record.is_ours for ref, record in known.items()}}

    def gone(ref: ObjectRef) -> None:
        if ref in known:
            note_gone(site.context, [known[ref]])

    return clear(site.cluster, items, namespace, site.keep, gone)


def history(context: Context, spot: Spot, since: datetime | None) -> list[dict[str, Any]]:
    """Every object of the installation that began then, with its uid and when it was read to be gone. JSON-safe."""
    if since is None:
        return []
    with context.database.reading() as session:
        query = select(CreatedObject).where(
            CreatedObject.target_id == spot.target_id, CreatedObject.recorded_at >= since
        )
        rows = session.scalars(query.order_by(CreatedObject.position, CreatedObject.id)).all()
    return [
        {
            "object": str(ref_of(row)),
            "uid": row.uid,
            "digest": row.digest,
            "gone_at": None if row.gone_at is None else row.gone_at.isoformat(),
        }
        for row in rows
    ]
