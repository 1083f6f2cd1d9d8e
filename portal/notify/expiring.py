"""Telling operators of certificates whose end comes near: once at 60, 30, 14, 7 and 1 days, and when it has passed.

Workers call it whenever they tried to read a cluster's certificates, so that a cluster that is away is told of too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.mesh.certificates import Span, Standing, step, title, what_to_do
from portal.models import MeshCertificate
from portal.notify.noting import tell_operators
from portal.notify.sorts import Sort


def note_ends(session: Session, cluster: str, *, now: datetime) -> None:
    """Keep what operators are to be told of the ends that are near; of each step once."""
    query = select(MeshCertificate).where(MeshCertificate.cluster == cluster, MeshCertificate.not_after.is_not(None))
    for row in session.scalars(query.order_by(MeshCertificate.not_after, MeshCertificate.id)):
        standing = Span(row.not_before, row.not_after, row.renews_at).standing(now)
        reached = None if row.not_after is None else step(row.not_after, now)
        if reached is not None and standing in (Standing.ENDING, Standing.ENDED):
            tell_operators(session, _key(row, reached), Sort.CERTIFICATE_ENDS, _data(row, reached), now=now)


def _key(row: MeshCertificate, reached: int) -> str:
    # A certificate that is kept by its ends alone is another one when they change.
    which = row.fingerprint[:32] or (row.not_after.isoformat() if row.not_after else "")
    return f"certificate:{row.cluster[:100]}:{row.role}:{which}:{reached}"


def _data(row: MeshCertificate, reached: int) -> dict[str, Any]:
    called, end = title(row.role), f"{row.not_after:%Y-%m-%d %H:%M} UTC"
    within = f"ends within {reached} day{'s' if reached > 1 else ''}"
    headline = f"has a certificate that {within if reached else 'has ended'}: its {called} ({end})"
    return {
        "ref": row.cluster,
        "kind": "certificates",
        "tenant": None,
        "cluster": row.cluster,
        "namespace": None,
        "by": None,
        "headline": headline,
        "next": what_to_do(row.role),
        "path": f"/clusters/{row.cluster}#certificates",
        "command": f"meshdesk certificates {row.cluster}",
    }
