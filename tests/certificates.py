"""Certificates of clusters, as tests of pages, commands and metrics need them written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import Database, database_now
from portal.mesh.certificates import Role
from portal.models import CertificateReading, Cluster, MeshCertificate


def write_down(database: Database, cluster: str = "practice", **ends: timedelta | None) -> None:
    """A whole reading: each role (`trust_anchor`) with how long it lasts from now on, None where that is not known."""
    with database.unit_of_work() as session:
        now = database_now(session)
        session.add(CertificateReading(cluster=cluster, tried_at=now, seen_at=now, root_sha256="ab" * 32))
        for name, left in ends.items():
            role = Role(name.replace("_", "-"))
            session.add(MeshCertificate(cluster=cluster, role=role, seen_at=now, **_shown(role, left, now)))


def all_read(session: Session) -> None:
    """Have nobody's certificates be due to be read, for tests that count what the sweep calls for."""
    session.flush()
    now = database_now(session)
    session.add_all(CertificateReading(cluster=name, tried_at=now) for name in session.scalars(select(Cluster.name)))


def _shown(role: Role, left: timedelta | None, now: Any) -> dict[str, Any]:
    if left is None:
        return {"source": f"Secret of {role}", "fingerprint": "", "problem": "Not known: ask cert-manager."}
    return {
        "source": f"ConfigMap of {role}",
        "fingerprint": "cd" * 32,
        "subject": f"CN={role}",
        "serial": "1f",
        "algorithm": "ECDSA secp256r1",
        "not_before": now - timedelta(days=300),
        "not_after": now + left,
    }
