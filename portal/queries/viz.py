"""Selects of Viz: the bundle of a cluster, what of a Viz workers saw there, and what of it is on our record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CreatedObject, InventoryObject, Target, VizBundle
from portal.queries.tickets import live_links

# Under this namespace the inventory keeps what belongs to no tenant.
NOWHERE = ""


def viz_bundle(session: Session, cluster: str) -> VizBundle | None:
    """The bundle that the registry names for a cluster; None where it names none."""
    return session.get(VizBundle, cluster)


def viz_namespaces(session: Session) -> dict[str, str]:
    """The namespace of Viz by cluster, where a bundle tells it."""
    rows = session.execute(select(VizBundle.cluster, VizBundle.namespace).where(VizBundle.namespace != ""))
    return {row.cluster: row.namespace for row in rows}


def viz_seen(session: Session, cluster: str, kind: str) -> tuple[dict[str, Any], ...]:
    """The Namespaces with Viz's label, or the tap APIService (`APIService`), as workers last saw them."""
    query = select(InventoryObject.object).where(
        InventoryObject.cluster == cluster, InventoryObject.kind == kind, InventoryObject.namespace == NOWHERE
    )
    return tuple(session.scalars(query.order_by(InventoryObject.name)))


def nonces(session: Session, cluster: str) -> frozenset[str]:
    """The nonces of all objects of a cluster that are on record and not known to be gone."""
    query = select(CreatedObject.nonce).join(Target, Target.id == CreatedObject.target_id)
    return frozenset(session.scalars(query.where(Target.cluster == cluster, CreatedObject.gone_at.is_(None))))


def anything_on_record(session: Session, target_id: int) -> bool:
    """Whether an object of a target is on record and not known to be gone."""
    query = select(CreatedObject.id).where(CreatedObject.target_id == target_id, CreatedObject.gone_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def skips(session: Session, cluster: str, namespace: str) -> Sequence[str]:
    """What live tickets skip in a namespace, in words: `MD-7 skips inbound 8080 of deployment/web`."""
    targets = session.scalars(
        select(Target)
        .where(Target.cluster == cluster, Target.namespace == namespace)
        .order_by(Target.kind, Target.name)
    )
    return [
        f"{link.ticket.ref} skips {direction} {ports} of {target.kind}/{target.name}"
        for target in targets
        for link in live_links(session, target.id)
        for direction in ("inbound", "outbound")
        if (ports := link.wanted.get(f"skip_{direction}"))
    ]
