"""Writing down what was read of a cluster's certificates, and noting which ends operators are to be told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CertificateReading, MeshCertificate
from portal.notify.expiring import note_ends
from workers.certificate_sources import Found


def note_failure(session: Session, cluster: str, problem: str, *, now: datetime) -> None:
    """The cluster could not be read: what is known stays, and its ends come nearer all the same."""
    _reading(session, cluster, now).problem = problem
    note_ends(session, cluster, now=now)


def write(session: Session, cluster: str, found: Sequence[Found], *, root: str | None, now: datetime) -> None:
    """Put what was read in the place of what was known, and note the ends that are near."""
    reading = _reading(session, cluster, now)
    reading.seen_at, reading.problem, reading.root_sha256 = now, None, root
    known = {(row.role, row.source, row.fingerprint): row for row in _rows(session, cluster)}
    for key, one in {one.key: one for one in found}.items():
        row = known.pop(key, None)
        if row is None:
            row = MeshCertificate(cluster=cluster, **dict(zip(("role", "source", "fingerprint"), key, strict=True)))
            session.add(row)
        row.seen_at = now
        for name, value in one.columns().items():
            setattr(row, name, value)
    for gone in known.values():
        session.delete(gone)
    session.flush()
    note_ends(session, cluster, now=now)


def _reading(session: Session, cluster: str, now: datetime) -> CertificateReading:
    row = session.get(CertificateReading, cluster)
    if row is None:
        row = CertificateReading(cluster=cluster)
        session.add(row)
    row.tried_at = now
    return row


def _rows(session: Session, cluster: str) -> Sequence[MeshCertificate]:
    return session.scalars(select(MeshCertificate).where(MeshCertificate.cluster == cluster)).all()
