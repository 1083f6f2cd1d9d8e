"""What proxies count of workloads' traffic, as workers last asked a Prometheus: figures of now, and the last hour."""

from __future__ import annotations

from sqlalchemy import Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, BigId, IdColumn, Instant, JSONList, Name, Words


class ToplineCluster(Base):
    """Whom workers ask for a cluster's figures, when they last did, and why there are none."""

    __tablename__ = "topline_cluster"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    tried_at: Mapped[Instant] = mapped_column(comment="last try, also one that failed")
    seen_at: Mapped[Instant | None] = mapped_column(comment="the minute up to which figures are known")
    busy_until: Mapped[Instant | None] = mapped_column(comment="a worker asks, at most until then")
    source: Mapped[Name | None] = mapped_column(comment="platform or viz; null: there is none to ask")
    problem: Mapped[Words | None] = mapped_column(comment="why the last try brought no figures")
    seconds: Mapped[float | None] = mapped_column(Float, comment="how long the last whole answer took")


class ToplineWorkload(Base):
    """One workload's figures; of a tenant, so that a namespace that changes hands takes no figures along."""

    __tablename__ = "topline_workload"
    __table_args__ = (
        UniqueConstraint("cluster", "namespace", "kind", "name"),
        Index("ix_topline_workload_seen_at", "seen_at"),
    )

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    tenant_id: Mapped[int] = mapped_column(BigId, ForeignKey("tenant.id"))
    namespace: Mapped[Name]
    kind: Mapped[Name]
    name: Mapped[Name]
    seen_at: Mapped[Instant] = mapped_column(comment="the minute of the figures")
    requests: Mapped[float] = mapped_column(Float, comment="a second, over the last minute")
    success: Mapped[float | None] = mapped_column(Float, comment="share of them, 0 to 1; null: there were none")
    meshed: Mapped[float | None] = mapped_column(Float, comment="share of them that came by mutual TLS")
    p50: Mapped[float | None] = mapped_column(Float, comment="milliseconds; null: not told")
    p95: Mapped[float | None] = mapped_column(Float)
    p99: Mapped[float | None] = mapped_column(Float)
    hour: Mapped[JSONList] = mapped_column(comment="[minute since 1970, requests, success] of the last 60 minutes")
