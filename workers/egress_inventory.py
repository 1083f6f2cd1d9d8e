"""Whether the inventory shows egress policies as they should be: then nobody need ask the cluster again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.kinds.control_plane_egress import ask_of
from portal.mesh.egress import EgressScene, policy_for
from portal.mesh.egress_drift import Isolation
from portal.mesh.network import REFUSE
from portal.models import CreatedObject, Target, Ticket, TicketTarget
from portal.states import State
from portal.tickets.egress_sights import scene_seen


def fits(session: Session, target: Target, live: Sequence[TicketTarget]) -> bool:
    """True when nothing is to be done or told on this namespace as it was just written down.

    What of a ticket is still being applied or undone is another worker's.
    """
    view = queries.namespace_view(session, target.cluster, target.namespace)
    on_record = select(CreatedObject).where(CreatedObject.target_id == target.id, CreatedObject.gone_at.is_(None))
    rows = session.scalars(on_record).all()
    busy = {link.ticket_id for link in live} | queries.unfinished(session, target.id)
    if view is None or any(row.ticket_id not in busy for row in rows) or any(link.suspended for link in live):
        return False
    scene = scene_seen(session, view)
    active = [link.ticket for link in live if link.ticket.state is State.ACTIVE]
    return all(_stands(ticket, [row for row in rows if row.ticket_id == ticket.id], scene) for ticket in active)


def _stands(ticket: Ticket, rows: Sequence[CreatedObject], scene: EgressScene) -> bool:
    return bool(rows) and all(_is_right(ticket, row, scene) for row in rows)


def _is_right(ticket: Ticket, row: CreatedObject, scene: EgressScene) -> bool:
    there = next((one for one in scene.policies if one["metadata"]["name"] == row.name), None)
    manifest: Mapping[str, Any] = row.manifest or {}
    if there is None or there["metadata"]["uid"] != row.uid or there.get("spec") != manifest.get("spec"):
        return False
    ask, isolation = ask_of(ticket.fields), Isolation.by(manifest, scene)
    if isolation.alone and (isolation.shared or ask.if_alone == REFUSE):
        return False
    return policy_for(ask, scene, name=row.name) == manifest
