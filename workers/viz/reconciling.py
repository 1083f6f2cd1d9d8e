"""Our Viz against its record while tickets are live: what somebody deleted is told, and made again on their word."""

from __future__ import annotations

from portal import queries
from portal.mesh.objects import MANAGED
from portal.mesh.viz.order import Wait, creation_stages
from portal.models import TicketTarget
from portal.states import State
from workers.created.handler import AGAIN
from workers.created.rows import Record, note_gone, records
from workers.created.telling import Drift, tell
from workers.viz.installing import advance, date, unmet_now
from workers.viz.memory import Memory, remembered
from workers.viz.site import Site, Tenure, read_kinds, tenure
from workers.viz.taking_away import added


def tell_drift(site: Site) -> None:
    """Bring the namespace's date up to now, tell each active ticket what is missing or silent, and make again what they
    asked for. Nothing where no ticket is live, or before Viz was whole for the first time."""
    held, memory = tenure(site.context, site.spot), remembered(site.context, site.spot)
    if held is None or memory.up_at is None or memory.removing:
        return
    active = _active(site)
    missing = _missing(site)
    if missing and any(AGAIN in link.suspended for link in active):
        note_gone(site.context, missing)
        _make_again(site, memory, held)
        missing = []
    else:
        date(site, memory, held)
    drift: Drift = {"missing": [str(record.ref) for record in missing]} if missing else _warnings(site, memory)
    for link in active:
        with site.context.database.unit_of_work() as session:
            tell(session, site.spot, link.ticket_id, drift)


def _active(site: Site) -> list[TicketTarget]:
    with site.context.database.reading() as session:
        links = queries.live_links(session, site.spot.target_id)
        return [link for link in links if link.ticket.state is State.ACTIVE]


def _missing(site: Site) -> list[Record]:
    created = [record for record in records(site.context, site.spot) if record.uid is not None]
    there = read_kinds(site.cluster, (record.ref for record in created), f"{MANAGED}=true")
    return [record for record in created if record.ref not in there or not record.is_ours(there[record.ref])]


def _warnings(site: Site, memory: Memory) -> Drift:
    """What people should know in time: a tap API that fell silent, and what of others goes when Viz goes."""
    found = [*_silence(site, memory), *added(site, memory)]
    return {"warnings": found} if found else {}


def _silence(site: Site, memory: Memory) -> list[str]:
    """That the tap API answers no longer, which holds up the deletion of every namespace in the cluster."""
    serving = [stage for stage in creation_stages(memory.pinned) if stage.waits is Wait.API_AVAILABLE]
    silent = " ".join(sentence for stage in serving for sentence in unmet_now(site, stage))
    advice = (
        "Until it answers no namespace of the cluster can be deleted: have the platform operators look, or release."
    )
    return [f"{silent} {advice}"] if silent else []


def _make_again(site: Site, memory: Memory, held: Tenure) -> None:
    # What it waits for shows with the next look: nothing is held up for it here.
    advance(site, memory, held)
