"""Objects of ours in a cluster that no open record leads to: what a stalled worker created late, or a backup brought
back. The inventory's task looks for them; what it does not know for certain to be over it leaves alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.errors import ClusterError
from portal.mesh.objects import MANAGED, ObjectRef
from portal.mesh.stamp import nonce_of
from portal.models import CreatedObject, Target, Ticket
from portal.states import TERMINAL
from workers.cluster.protocol import Cluster, Object
from workers.context import Context
from workers.created.objects import deleted

log = logging.getLogger(__name__)

SELECTOR = f"{MANAGED}=true"


def remove_strays(context: Context, name: str) -> None:
    """Delete what carries our label and a nonce that is on the record of something that is over; log the rest."""
    with context.database.reading() as session:
        kinds = _kinds(session, name)
    for api_version, kind in kinds:
        try:
            _of_kind(context, context.connect(name), api_version, kind)
        except ClusterError as error:
            log.warning("%s of ours on %s: %s", kind, name, error.sentence)


def _kinds(session: Session, name: str) -> list[tuple[str, str]]:
    """The kinds of which something was ever taken away on this cluster."""
    query = select(CreatedObject.api_version, CreatedObject.kind).join(Target, Target.id == CreatedObject.target_id)
    rows = session.execute(query.where(Target.cluster == name, CreatedObject.gone_at.is_not(None)).distinct())
    return sorted((api_version, kind) for api_version, kind in rows)


def _of_kind(context: Context, cluster: Cluster, api_version: str, kind: str) -> None:
    for obj in _ours(cluster, api_version, kind):
        ref = ObjectRef.of(obj)
        with context.database.reading() as session:
            known = _known(session, cluster.name, ref, nonce_of(obj))
            over = known is not None and _is_over(session, known)
        if known is None:
            log.warning("%s on %s has our label and no record: it is left alone", ref, cluster.name)
        elif over:
            log.warning("%s on %s is of something that is over: it is deleted", ref, cluster.name)
            deleted(cluster, ref, obj)


def _ours(cluster: Cluster, api_version: str, kind: str) -> Iterator[Object]:
    for obj in cluster.objects(api_version, kind, selector=SELECTOR):
        if not obj["metadata"].get("deletionTimestamp"):
            yield obj


def _known(session: Session, cluster: str, ref: ObjectRef, nonce: str | None) -> CreatedObject | None:
    """The record of this very object: a nonce that somebody copied to another object says nothing of that."""
    query = (
        select(CreatedObject)
        .join(Target, Target.id == CreatedObject.target_id)
        .where(
            CreatedObject.nonce == (nonce or ""),
            Target.cluster == cluster,
            CreatedObject.api_version == ref.api_version,
            CreatedObject.kind == ref.kind,
            CreatedObject.namespace == ref.namespace,
            CreatedObject.name == ref.name,
        )
    )
    return session.scalar(query.limit(1))


def _is_over(session: Session, row: CreatedObject) -> bool:
    """Read to be gone once, and its ticket is over. Of what is on record still, the target is sent for instead."""
    if row.gone_at is None:
        return False
    if row.ticket_id is not None:
        return session.get_one(Ticket, row.ticket_id).state in TERMINAL
    return not queries.live_links(session, row.target_id) and not queries.unfinished(session, row.target_id)
