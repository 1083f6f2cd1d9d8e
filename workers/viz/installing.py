"""Installing Viz: stage by stage, as far as can be done now; called again until all is there and serves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.db import database_now
from portal.errors import Refused
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.order import Stage, Wait, creation_stages, unmet
from portal.mesh.viz.presence import Presence, presence_of
from portal.mesh.viz.stamp import window_patch, with_window
from portal.models import Ticket, TicketTarget
from portal.registry.bundles import bundle_of
from portal.tickets.viz_sights import NOT_READ, is_installed, ours
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.created.objects import create
from workers.created.rows import records
from workers.handlers import Work
from workers.viz import certificates
from workers.viz.inventory import namespaces, tap_api
from workers.viz.memory import Memory, remember, remembered
from workers.viz.removal import labelled, scrapes
from workers.viz.site import Site, Tenure, taken, tenure
from workers.viz.taking_away import take_away


def install(context: Context, work: Work) -> None:
    """Bring Viz up as far as can be done now, and note on the ticket once it is whole.

    Raises Refused where it cannot be installed, and where it did not come up in time; then it is to be taken away.
    """
    with taken(context, work.spot, work.keep) as site:
        memory = remembered(context, work.spot)
        # What the tickets before began to take away must be away first.
        if memory.removing and take_away(site):
            return
        held = tenure(context, work.spot)
        if held is None:
            return
        memory, waiting = advance(site, begun(site), held)
        if not waiting:
            _note_written(context, work, replace(memory, up_at=memory.up_at or site.now()))
        elif overdue(context, work, memory):
            raise Refused(_given_up(context, held, waiting))


def _given_up(context: Context, held: Tenure, waiting: Sequence[str]) -> str:
    """Why the ticket ends, and what becomes of Viz: it stays for whoever else has it, whatever that does to them."""
    limit = f"Viz did not come up within {context.config.viz_limit.total_seconds():.0f} seconds"
    if len(held.tickets) > 1:
        return f"{limit}; it stays for the other tickets that have it. {' '.join(waiting)}"
    return (
        f"{limit} and is taken away again, since a tap API that does not answer keeps every namespace of the cluster "
        f"from being deleted. {' '.join(waiting)}"
    )


def begun(site: Site) -> Memory:
    """The installation under way; where there is none, one begins with the bundle of now, pinned."""
    memory = remembered(site.context, site.spot)
    if memory.bundle is not None and not memory.removing:
        return memory
    # Remains were looked for in the rehearsal, or the removal before this has proven that there are none.
    refuse_foreign(site.context, site.spot, remains=False)
    with site.context.database.reading() as session:
        bundle = bundle_for(session, site.spot.cluster)
    before = tuple(obj["metadata"]["uid"] for obj in scrapes(site.cluster, bundle.namespace))
    return remember(site.context, site.spot, Memory(bundle=bundle, since=site.now(), before=before))


def bundle_for(session: Session, cluster: str) -> Bundle:
    """The bundle that the registry names for a cluster; raises Refused with what to do where there is none."""
    row = queries.viz_bundle(session, cluster)
    bundle = bundle_of(row) if row else None
    if bundle is None:
        why = (row.problem or NOT_READ) if row else "The registry names none."
        raise Refused(f"There is no Viz bundle to install on {cluster}: {why} Your platform operators must mend that.")
    return bundle


def refuse_foreign(context: Context, spot: Spot, *, remains: bool = True) -> None:
    """Raise Refused where a Viz, or with `remains` anything of one, is in the cluster that no ticket put there."""
    found = presence(context, spot, remains=remains)
    if found:
        raise Refused(found.sentence(spot.cluster))


def presence(context: Context, spot: Spot, *, remains: bool = True) -> Presence:
    """What of a Viz that is not on our record is in the cluster now.

    With `remains`, and before ours is there, anything else with Viz's label counts too: it could not be told from ours
    in the end.
    """
    cluster = context.connect(spot.cluster)
    # The cluster first: what a ticket creates meanwhile is on record by then.
    inside, api = namespaces(cluster), tap_api(cluster)
    others = [obj for obj in labelled(cluster) if obj["kind"] not in ("Namespace", "APIService")] if remains else []
    with context.database.reading() as session:
        objects = api if is_installed(session, spot.cluster) else [*api, *others]
        return presence_of(inside, objects, is_ours=ours(session, spot.cluster))


def advance(site: Site, memory: Memory, held: Tenure) -> tuple[Memory, list[str]]:
    """Create what is not created yet, stage by stage; gives in sentences what is waited for, [] once all is up."""
    for stage in creation_stages(memory.pinned):
        memory, manifests = certificates.prepared(site, memory, stage.objects, held.until)
        create(site.context, site.spot, None, [_dated(obj, held) for obj in manifests], site.keep)
        if any(obj["kind"] == "Secret" for obj in stage.objects):
            memory = certificates.match(site, memory, held.until)
        if waiting := unmet_now(site, stage):
            return memory, waiting
    memory = certificates.extended(site, memory, held.until)
    date(site, memory, held)
    return memory, []


def unmet_now(site: Site, stage: Stage) -> list[str]:
    """What a stage waits for, by its objects as they are now."""
    if stage.waits is Wait.NOTHING:
        return []
    return unmet(stage, _read(site, (ObjectRef.of(obj) for obj in stage.objects)))


def _read(site: Site, refs: Iterable[ObjectRef]) -> dict[ObjectRef, Object]:
    return {ref: obj for ref in refs if (obj := site.there(ref)) is not None}


def _dated(obj: Object, held: Tenure) -> Object:
    return with_window(obj, tickets=held.tickets, expires_at=held.until) if obj["kind"] == "Namespace" else obj


def date(site: Site, memory: Memory, held: Tenure) -> None:
    """Write on the Viz namespace whom it is for and until when."""
    ref = ObjectRef("v1", "Namespace", "", memory.pinned.namespace)
    known = [record for record in records(site.context, site.spot) if record.ref == ref]
    obj = site.there(ref)
    if obj is None or not any(record.is_ours(obj) for record in known):
        return
    patch = window_patch(obj, tickets=held.tickets, expires_at=held.until)
    if patch is not None:
        site.keep()
        site.cluster.patch_object(ref, patch)


def overdue(context: Context, work: Work, memory: Memory) -> bool:
    """Whether Viz had its time to come up: from its beginning, or, where it was up once, from the ticket's own."""
    with context.database.reading() as session:
        begun_at = session.get_one(Ticket, work.ticket_id).writing_from
        since = memory.since if memory.up_at is None else max(_known(memory.since), _known(begun_at))
        return database_now(session) - _known(since) > context.config.viz_limit


def _known(at: datetime | None) -> datetime:
    if at is None:
        raise ValueError("an installation without a beginning")
    return at


def _note_written(context: Context, work: Work, memory: Memory) -> None:
    remember(context, work.spot, memory)
    with context.database.unit_of_work() as session:
        link = session.get_one(TicketTarget, (work.ticket_id, work.spot.target_id))
        link.written_at = link.written_at or database_now(session)
