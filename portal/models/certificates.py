"""The certificates of each cluster's mesh, as workers last read them where anybody may: never a key, never a Secret."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, Name, Words


class CertificateReading(Base):
    """The last reading of a cluster's certificates, and why the last try was not whole."""

    __tablename__ = "certificate_reading"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    tried_at: Mapped[Instant] = mapped_column(comment="last try, also one that failed")
    seen_at: Mapped[Instant | None] = mapped_column(comment="last reading that was whole")
    problem: Mapped[Words | None] = mapped_column(comment="why the last try failed")
    root_sha256: Mapped[Name | None] = mapped_column(comment="of the exact bytes of the bundle that pods are given")


class MeshCertificate(Base):
    """One certificate in its role; without an end it is known that there is one, and `problem` says why no more is."""

    __tablename__ = "mesh_certificate"
    __table_args__ = (UniqueConstraint("cluster", "role", "source", "fingerprint"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    role: Mapped[Name] = mapped_column(comment="portal.mesh.certificates.Role")
    source: Mapped[Name] = mapped_column(comment="the object that it was read from")
    fingerprint: Mapped[Name] = mapped_column(comment="sha256 in hex; empty where only its ends are known")
    subject: Mapped[Words | None]
    serial: Mapped[Name | None]
    algorithm: Mapped[Name | None]
    not_before: Mapped[Instant | None]
    not_after: Mapped[Instant | None]
    renews_at: Mapped[Instant | None] = mapped_column(comment="when cert-manager renews it by itself")
    problem: Mapped[Words | None] = mapped_column(comment="what is wrong with it, or why its end is not known")
    seen_at: Mapped[Instant]
