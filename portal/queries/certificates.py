"""Selects of the certificates of clusters' meshes, and of the pods that still trust an older root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.mesh.certificates import Span, Standing
from portal.mesh.holes import Code
from portal.models import CertificateReading, Cluster, MeshCertificate, Namespace, PostureCluster, PostureHole

WORST_FIRST = (Standing.ENDED, Standing.NOT_YET, Standing.ENDING, Standing.UNKNOWN, Standing.GOOD)


@dataclass(frozen=True)
class Seen:
    """What is known of a cluster's certificates: the last reading (None: none yet), and each by its end."""

    cluster: str
    reading: CertificateReading | None = None
    certificates: Sequence[MeshCertificate] = field(default_factory=list)

    def standings(self, now: datetime) -> list[tuple[MeshCertificate, Standing]]:
        """Each certificate with how it stands, the worst first."""
        found = [(one, span_of(one).standing(now)) for one in self.certificates]
        return sorted(found, key=lambda pair: WORST_FIRST.index(pair[1]))

    def near(self, now: datetime) -> list[tuple[MeshCertificate, Standing]]:
        """Those that need somebody: ended, not yet valid, or near their end."""
        return [pair for pair in self.standings(now) if pair[1] not in (Standing.GOOD, Standing.UNKNOWN)]


def span_of(row: MeshCertificate) -> Span:
    """From when to when it is valid."""
    return Span(row.not_before, row.not_after, row.renews_at)


def seen(session: Session, clusters: Collection[str]) -> Mapping[str, Seen]:
    """What is known of the certificates of each of these clusters."""
    readings = select(CertificateReading).where(CertificateReading.cluster.in_(clusters))
    by_name = {row.cluster: row for row in session.scalars(readings)}
    rows: dict[str, list[MeshCertificate]] = defaultdict(list)
    query = select(MeshCertificate).where(MeshCertificate.cluster.in_(clusters))
    order = (MeshCertificate.not_after.is_(None), MeshCertificate.not_after, MeshCertificate.role, MeshCertificate.id)
    for row in session.scalars(query.order_by(*order)):
        rows[row.cluster].append(row)
    return {name: Seen(name, by_name.get(name), rows[name]) for name in clusters}


def known_ends(session: Session) -> Sequence[MeshCertificate]:
    """Every certificate of a cluster of the registry whose end is known, for `/metrics`."""
    query = select(MeshCertificate).join(Cluster, Cluster.name == MeshCertificate.cluster)
    ends = query.where(Cluster.active, MeshCertificate.not_after.is_not(None))
    return session.scalars(ends.order_by(MeshCertificate.cluster, MeshCertificate.role, MeshCertificate.id)).all()


def on_an_older_root(session: Session, cluster: str, *, by: Actor) -> int | None:
    """How many workloads that one may see have pods which trust an older bundle; None where posture was never read."""
    if session.scalar(select(PostureCluster.seen_at).where(PostureCluster.cluster == cluster)) is None:
        return None
    query = select(func.count(PostureHole.id)).where(
        PostureHole.cluster == cluster, PostureHole.code == Code.STALE_ROOT, PostureHole.gone_at.is_(None)
    )
    if not by.sees_everything:
        mine = select(Namespace.name).where(Namespace.cluster == cluster, Namespace.tenant_id.in_(by.tenant_ids))
        query = query.where(PostureHole.namespace.in_(mine))
    return session.scalar(query) or 0
