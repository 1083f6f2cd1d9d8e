"""Tenants, clusters and people as the registry file last said; written only by `meshdesk registry apply`."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, Name, Words


class Role(StrEnum):
    """What a person is to a tenant, or (operator, auditor) to the platform."""

    MEMBER = "member"
    OWNER = "tenant-owner"
    PARTNER = "security-partner"
    OPERATOR = "platform-operator"
    AUDITOR = "auditor"


class Tenant(Base):
    """A team that owns namespaces."""

    __tablename__ = "tenant"

    id: Mapped[IdColumn]
    name: Mapped[Name] = mapped_column(unique=True)
    title: Mapped[Words]
    active: Mapped[bool] = mapped_column(Boolean, default=True, comment="false once the registry no longer names it")


class Cluster(Base):
    """One Kubernetes cluster with Linkerd; its name never changes."""

    __tablename__ = "cluster"

    name: Mapped[Name] = mapped_column(primary_key=True)
    environment: Mapped[Name] = mapped_column(comment="sandbox, staging or production")
    console: Mapped[Words | None] = mapped_column(comment="address of the monitoring console")
    description: Mapped[Words] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    paused_at: Mapped[Instant | None] = mapped_column(comment="set: nothing new is applied, ends are still undone")
    paused_by: Mapped[Name | None]
    pause_reason: Mapped[Words | None]


class Namespace(Base):
    """A namespace of a cluster and the tenant that owns it."""

    __tablename__ = "namespace"
    __table_args__ = (UniqueConstraint("cluster", "name"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    name: Mapped[Name]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    environment: Mapped[Name | None] = mapped_column(comment="overrides the cluster's")


class Person(Base):
    """Somebody (or a service) who acts."""

    __tablename__ = "person"

    id: Mapped[IdColumn]
    name: Mapped[Name] = mapped_column(unique=True, comment="sign-in name")
    title: Mapped[Words]
    email: Mapped[Words | None]
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class Membership(Base):
    """A person's role in a tenant, or in the platform where tenant_id is null."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "tenant_id", "role"),)

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"), index=True)
    role: Mapped[Name]


class RegistryVersion(Base):
    """Each registry file that was applied, whole."""

    __tablename__ = "registry_version"

    id: Mapped[IdColumn]
    applied_at: Mapped[Instant]
    applied_by: Mapped[Name]
    digest: Mapped[Name] = mapped_column(comment="sha256 of the text")
    text: Mapped[Words]


class PolicyVersion(Base):
    """Each policy that was ever in force, kept by its hash; the row with the highest number is in force."""

    __tablename__ = "policy_version"

    id: Mapped[IdColumn]
    applied_at: Mapped[Instant]
    applied_by: Mapped[Name]
    digest: Mapped[Name] = mapped_column(index=True, comment="sha256 of the text")
    text: Mapped[Words]
