"""What the mesh really looks like, as workers last read it from running pods: workloads, holes, counts over time."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, BigId, IdColumn, Instant, JSONDict, JSONList, Name, Words

STANDING_HOLE = text("gone_at IS NULL")


class PostureCluster(Base):
    """One reading of a cluster's posture: when it was last whole, and why the last try was not."""

    __tablename__ = "posture_cluster"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    tried_at: Mapped[Instant] = mapped_column(comment="last try, also one that failed")
    seen_at: Mapped[Instant | None] = mapped_column(comment="last reading that was whole")
    reading_until: Mapped[Instant | None] = mapped_column(comment="how long the claim of the worker that reads holds")
    problem: Mapped[Words | None] = mapped_column(comment="why the last try failed")
    seconds: Mapped[float | None] = mapped_column(Float, comment="how long the last whole reading took")
    facts: Mapped[JSONDict] = mapped_column(comment="what it was compared with: Linkerd's version, the trust root")


class PostureWorkload(Base):
    """One workload as its running pods show it; tenant or not."""

    __tablename__ = "posture_workload"
    __table_args__ = (
        UniqueConstraint("cluster", "namespace", "kind", "name"),
        Index("ix_posture_workload_cluster_seen_at", "cluster", "seen_at"),
    )

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    namespace: Mapped[Name]
    kind: Mapped[Name]
    name: Mapped[Name]
    standing: Mapped[Name] = mapped_column(comment="encrypted, partly, unmeshed (portal.mesh.encryption.Standing)")
    pods: Mapped[int] = mapped_column(Integer, comment="that are not finished; 0: standing is by the template")
    meshed_pods: Mapped[int] = mapped_column(Integer)
    facts: Mapped[JSONDict] = mapped_column(comment="what its pods show, as the pages tell it")
    seen_at: Mapped[Instant]


class PostureHole(Base):
    """One hole or leftover, from the reading that first saw it until the one that no longer did."""

    __tablename__ = "posture_hole"
    __table_args__ = (
        Index(
            "uq_posture_hole_standing",
            *("cluster", "namespace", "kind", "name", "code"),
            unique=True,
            sqlite_where=STANDING_HOLE,
            postgresql_where=STANDING_HOLE,
        ),
        Index("ix_posture_hole_cluster_gone_at", "cluster", "gone_at"),
        Index("ix_posture_hole_ticket_id", "ticket_id"),
    )

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    namespace: Mapped[Name]
    kind: Mapped[Name] = mapped_column(comment="deployment, …, pod, namespace")
    name: Mapped[Name]
    code: Mapped[Name] = mapped_column(comment="portal.mesh.holes.Code")
    detail: Mapped[JSONDict] = mapped_column(comment="what portal.mesh.holes.words tells it from")
    made_by: Mapped[Words | None] = mapped_column(comment="field manager that wrote it, where managedFields tell")
    made_at: Mapped[Instant | None] = mapped_column(comment="when that manager last wrote there")
    first_seen_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    tickets: Mapped[JSONList] = mapped_column(comment="ids of live tickets that explain it, in whole or in part")
    unexplained_since: Mapped[Instant | None] = mapped_column(comment="null: live tickets explain all of it")
    gone_at: Mapped[Instant | None] = mapped_column(comment="first reading without it")
    ticket_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("ticket.id"), comment="the ticket that an operator made of it"
    )


class PostureCount(Base):
    """How a cluster's workloads stood at one reading, by tenant (null: of none); after days one an hour is kept."""

    __tablename__ = "posture_count"
    __table_args__ = (Index("ix_posture_count_cluster_at", "cluster", "at"), Index("ix_posture_count_at", "at"))

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    at: Mapped[Instant]
    hourly: Mapped[bool] = mapped_column(
        Boolean, default=False, comment="first of its hour: kept when the others are forgotten"
    )
    encrypted: Mapped[int] = mapped_column(Integer)
    partly: Mapped[int] = mapped_column(Integer)
    unmeshed: Mapped[int] = mapped_column(Integer)
    holes: Mapped[int] = mapped_column(Integer, comment="explained ones too, without leftovers")
    unexplained: Mapped[int] = mapped_column(Integer)
