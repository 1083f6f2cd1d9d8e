"""What posture read of a namespace, written down: only what differs, in one short transaction. posture.py calls it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.mesh.hole_findings import Found
from portal.mesh.holes_of_workload import Seen
from portal.models import PostureHole, PostureWorkload

Key = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """A namespace of a cluster, and when it was read."""

    cluster: str
    namespace: str
    now: datetime


def known_identity(session: Session, cluster: str, namespace: str) -> dict[Key, str]:
    """The ports that required an identity of their callers at any reading, by workload."""
    query = select(PostureWorkload.kind, PostureWorkload.name, PostureWorkload.facts)
    rows = session.execute(query.where(PostureWorkload.cluster == cluster, PostureWorkload.namespace == namespace))
    return {(kind, name): facts["identity_ports"] for kind, name, facts in rows if facts.get("identity_ports")}


def write_workloads(session: Session, place: Place, found: Iterable[tuple[Key, Seen]]) -> None:
    """Write the workloads of a namespace; those that are no longer there are forgotten."""
    here = (PostureWorkload.cluster == place.cluster, PostureWorkload.namespace == place.namespace)
    known = {(row.kind, row.name): row for row in session.scalars(select(PostureWorkload).where(*here))}
    for (kind, name), seen in found:
        row = known.pop((kind, name), None)
        if row is None:
            where = {"cluster": place.cluster, "namespace": place.namespace, "kind": kind, "name": name}
            row = PostureWorkload(**where, facts={}, seen_at=place.now)
            session.add(row)
        _set(row, standing=str(seen.standing), pods=seen.tally.pods, meshed_pods=seen.tally.meshed, facts=seen.facts)
    for gone in known.values():
        session.delete(gone)
    session.flush()
    # One statement for all of them: most differ by nothing else.
    session.execute(update(PostureWorkload).where(*here).values(seen_at=place.now))


def write_holes(session: Session, place: Place, found: Iterable[Found]) -> None:
    """Write the holes of a namespace; those that are no longer there are gone as of now."""
    here = (
        PostureHole.cluster == place.cluster,
        PostureHole.namespace == place.namespace,
        PostureHole.gone_at.is_(None),
    )
    known = {(row.kind, row.name, row.code): row for row in session.scalars(select(PostureHole).where(*here))}
    for one in found:
        row = known.pop((one.kind, one.name, str(one.code)), None)
        _write(session, place, row or _new(session, place, one), one)
    for gone in known.values():
        gone.gone_at = place.now
    session.flush()
    session.execute(update(PostureHole).where(*here).values(seen_at=place.now))


def write_gone(session: Session, cluster: str, namespaces: Collection[str], *, now: datetime) -> None:
    """Forget what was in namespaces that are no longer there, or no longer read."""
    for model in (PostureWorkload, PostureHole):
        where = select(model.namespace).where(model.cluster == cluster).distinct()
        left = sorted(set(session.scalars(where)) - set(namespaces))
        for namespace in left:
            _forget(session, cluster, namespace, now)


def _forget(session: Session, cluster: str, namespace: str, now: datetime) -> None:
    session.execute(
        delete(PostureWorkload).where(PostureWorkload.cluster == cluster, PostureWorkload.namespace == namespace)
    )
    standing = update(PostureHole).where(
        PostureHole.cluster == cluster, PostureHole.namespace == namespace, PostureHole.gone_at.is_(None)
    )
    session.execute(standing.values(gone_at=now))


def _new(session: Session, place: Place, one: Found) -> PostureHole:
    row = PostureHole(
        cluster=place.cluster,
        namespace=place.namespace,
        kind=one.kind,
        name=one.name,
        code=str(one.code),
        detail={},
        tickets=[],
        first_seen_at=place.now,
        seen_at=place.now,
    )
    session.add(row)
    return row


def _write(session: Session, place: Place, row: PostureHole, one: Found) -> None:
    since = None if one.explained else row.unexplained_since or place.now
    _set(row, detail=dict(one.detail), tickets=list(one.tickets), unexplained_since=since)
    # Where pods still show what the template lost, nobody owns the field any more: who wrote it stays known.
    if one.maker is not None:
        _set(row, made_by=one.maker.words, made_at=one.maker.at)


def _set(row: Any, **values: Any) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
