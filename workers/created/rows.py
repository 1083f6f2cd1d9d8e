"""The record of created objects: written before each POST, completed by the uid, closed when read to be gone."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.db import database_now
from portal.mesh.objects import ObjectRef
from portal.mesh.stamp import digest_of, nonce_of
from portal.models import CreatedObject
from workers.cluster.protocol import Object
from workers.context import Context, Spot


@dataclass(frozen=True)
class Record:
    """One object on record that is not known to be gone; `uid` None: it may have been created or not."""

    id: int
    ref: ObjectRef
    ticket_id: int | None
    nonce: str
    digest: str
    uid: str | None
    manifest: Mapping[str, Any] | None

    def is_ours(self, obj: Object) -> bool:
        """True when this is the object on record, or what somebody made of it anew (a backup does): the nonce tells."""
        return nonce_of(obj) == self.nonce or (self.uid is not None and obj["metadata"].get("uid") == self.uid)


def records(context: Context, spot: Spot) -> list[Record]:
    """What of a target is on record and not known to be gone, in the order of creation."""
    with context.database.reading() as session:
        return _records(session, spot.target_id)


def _records(session: Session, target_id: int) -> list[Record]:
    query = select(CreatedObject).where(CreatedObject.target_id == target_id, CreatedObject.gone_at.is_(None))
    return [_record(row) for row in session.scalars(query.order_by(CreatedObject.position, CreatedObject.id))]


def ref_of(row: CreatedObject) -> ObjectRef:
    """The object that a row is about."""
    return ObjectRef(row.api_version, row.kind, row.namespace, row.name)


def _record(row: CreatedObject) -> Record:
    return Record(row.id, ref_of(row), row.ticket_id, row.nonce, row.digest, row.uid, row.manifest)


def recorded(context: Context, spot: Spot, ticket_id: int | None, manifests: Sequence[Object]) -> list[Record]:
    """The records of these objects, in their order; those that are not on record yet are put there and committed.

    What is on record and may not have been created yet is recorded as it is to be created now.
    """
    with context.database.unit_of_work() as session:
        query = select(CreatedObject).where(CreatedObject.target_id == spot.target_id, CreatedObject.gone_at.is_(None))
        known = {ref_of(row): row for row in session.scalars(query)}
        last = session.scalar(select(func.max(CreatedObject.position)).where(CreatedObject.target_id == spot.target_id))
        found = []
        for position, manifest in enumerate(manifests, (last or 0) + 1):
            row = known.get(ObjectRef.of(manifest)) or _row(session, spot, ticket_id, manifest)
            row.position = row.position or position
            if row.uid is None:
                row.digest, row.manifest = digest_of(manifest), _kept(manifest)
            found.append(row)
        session.flush()
        return [_record(row) for row in found]


def _row(session: Session, spot: Spot, ticket_id: int | None, manifest: Object) -> CreatedObject:
    ref = ObjectRef.of(manifest)
    row = CreatedObject(
        target_id=spot.target_id,
        ticket_id=ticket_id,
        api_version=ref.api_version,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        nonce=secrets.token_hex(16),
        recorded_at=database_now(session),
    )
    session.add(row)
    return row


def _kept(manifest: Object) -> Object | None:
    return None if manifest["kind"] == "Secret" else dict(manifest)


def note_uid(context: Context, record: Record, uid: str) -> None:
    """The object on record is in the cluster under this uid."""
    with context.database.unit_of_work() as session:
        session.get_one(CreatedObject, record.id).uid = uid


def note_written(context: Context, record: Record, manifest: Object) -> None:
    """The object on record was changed by us and is this now."""
    with context.database.unit_of_work() as session:
        row = session.get_one(CreatedObject, record.id)
        row.digest, row.manifest = digest_of(manifest), _kept(manifest)


def note_gone(context: Context, gone: Iterable[Record]) -> None:
    """These were read to be gone, or were never ours."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        for record in gone:
            session.get_one(CreatedObject, record.id).gone_at = now


def history(context: Context, spot: Spot, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Every object that was ever on the target's record and `which` holds for, in the order of creation, with its uid
    and when it was read to be gone; one without a uid was never seen to be created. JSON-safe."""
    with context.database.reading() as session:
        query = select(CreatedObject).where(CreatedObject.target_id == spot.target_id, which)
        rows = session.scalars(query.order_by(CreatedObject.position, CreatedObject.id))
        return [
            {
                "object": str(ref_of(row)),
                "uid": row.uid,
                "digest": row.digest,
                "gone_at": None if row.gone_at is None else row.gone_at.isoformat(),
            }
            for row in rows
        ]
