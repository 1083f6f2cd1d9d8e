"""Taking our Viz away, by the record: resumable after a crash at any point, done when nothing of it is left."""

from __future__ import annotations

from dataclasses import replace

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.presence import added_by_others
from portal.tickets.viz_sights import ours
from workers.created.rows import note_gone, records
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
