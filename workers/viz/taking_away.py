"""Taking our Viz away, by the record: resumable after a crash at any point, done when nothing of it is left."""

from __future__ import annotations

from dataclasses import replace

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.presence import added_by_others
from portal.tickets.viz_sights import ours
from workers.cluster.protocol import Object
from workers.created.rows import note_gone, records
from workers.viz.memory import Memory, remember, remembered
from workers.viz.removal import clear, inside, labelled, same, scrapes
from workers.viz.site import Site


def take_away(site: Site) -> list[str]:
    """Remove Viz as far as can be done now; gives what is still waited for, [] once all of it is proven to be gone."""
    memory = remembered(site.context, site.spot)
    if memory.bundle is None:
        return []
    memory = begin(site, memory)
    waiting = _clear(site, memory)
    if not waiting:
        waiting = [
            f"{ObjectRef.of(obj)} carries Viz's label and is not on Meshdesk's record: whoever made it must remove it."
            for obj in labelled(site.cluster)
            if obj["metadata"]["uid"] not in memory.before
        ]
    if not waiting:
        remember(site.context, site.spot, Memory(since=memory.since, added=memory.added))
    return waiting


def begin(site: Site, memory: Memory) -> Memory:
    """Commit that Viz is being removed, and what of others goes with it, before anything is deleted."""
    if memory.removing:
        return memory
    return remember(site.context, site.spot, replace(memory, removing=True, added=tuple(added(site, memory))))


def added(site: Site, memory: Memory) -> list[str]:
    """What others put into our Viz namespace, or elsewhere for Viz, and goes with it; in sentences."""
    namespace = memory.pinned.namespace
    found = [*inside(site.cluster, namespace), *_came_with_it(site, memory)]
    with site.context.database.reading() as session:
        return added_by_others(found, is_ours=ours(session, site.spot.cluster))


def _came_with_it(site: Site, memory: Memory) -> list[Object]:
    found = scrapes(site.cluster, memory.pinned.namespace)
    return [obj for obj in found if obj["metadata"]["uid"] not in memory.before]


def _clear(site: Site, memory: Memory) -> list[str]:
    namespace = memory.pinned.namespace
    known = {record.ref: record for record in records(site.context, site.spot)}
    others = {ObjectRef.of(obj): same(obj) for obj in _came_with_it(site, memory)}
    items = {**others, **{ref: record.is_ours for ref, record in known.items()}}

    def gone(ref: ObjectRef) -> None:
        if ref in known:
            note_gone(site.context, [known[ref]])

    return clear(site.cluster, items, namespace, site.keep, gone)
