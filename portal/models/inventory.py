"""What workers last saw in each cluster: all that the web process knows of clusters."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, JSONDict, JSONList, Name, Words


class InventoryCluster(Base):
    """One cluster as last seen: when, and with which mesh defaults."""

    __tablename__ = "inventory_cluster"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    seen_at: Mapped[Instant | None]
    tried_at: Mapped[Instant] = mapped_column(comment="last try, also one that failed")
    problem: Mapped[Words | None] = mapped_column(comment="why the last try failed")
    defaults: Mapped[JSONDict] = mapped_column(comment="portal.mesh.annotations.MeshDefaults")
    webhook: Mapped[JSONDict | None] = mapped_column(comment="the injector's MutatingWebhookConfiguration")


class InventoryNamespace(Base):
    """One namespace that a tenant owns, as last seen."""

    __tablename__ = "inventory_namespace"
    __table_args__ = (UniqueConstraint("cluster", "name"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    name: Mapped[Name]
    metadata_: Mapped[JSONDict] = mapped_column("metadata", comment="labels and annotations")


class InventoryWorkload(Base):
    """One workload as last seen: what pages offer and previews are made from."""

    __tablename__ = "inventory_workload"
    __table_args__ = (
        UniqueConstraint("cluster", "namespace", "kind", "name"),
        Index("ix_inventory_workload_cluster_namespace", "cluster", "namespace"),
    )

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    namespace: Mapped[Name]
    kind: Mapped[Name]
    name: Mapped[Name]
    uid: Mapped[Name]
    object: Mapped[JSONDict] = mapped_column(comment="the object without status, managedFields, env and volumes")
    meshed: Mapped[bool] = mapped_column(Boolean, comment="the injector would mesh its pods")
    kept_open: Mapped[JSONList | None] = mapped_column(comment="finished pods that the proxy keeps running, in words")


class InventoryObject(Base):
    """One object besides workloads that previews and findings need, as last seen in a namespace that a tenant owns:
    NetworkPolicies, LimitRanges and ResourceQuotas; and under no namespace what of Viz is in the cluster."""

    __tablename__ = "inventory_object"
    __table_args__ = (UniqueConstraint("cluster", "kind", "namespace", "name"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    kind: Mapped[Name]
    namespace: Mapped[Name]
    name: Mapped[Name]
    object: Mapped[JSONDict] = mapped_column(comment="the object without status and managedFields")
