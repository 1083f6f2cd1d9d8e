"""Tenants, clusters and people as the registry file last said; written only by `meshdesk registry apply`."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, ColumnElement, ForeignKey, UniqueConstraint, and_, false, or_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, JSONList, Name, Words


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
    channels: Mapped[JSONList] = mapped_column(
        default=list, server_default="[]", comment="names of channels that are told of its tickets"
    )


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
    guard: Mapped[Name] = mapped_column(
        default="off", server_default="off", comment="mode of its namespaces: off, audit, warn, deny"
    )
    guard_ask_at: Mapped[Words | None] = mapped_column(comment="address at which the guard tells people to ask")

    @hybrid_property
    def idle(self) -> bool:
        """True when nothing new is begun on it: it is paused, or it left the registry and drains."""
        return self.paused_at is not None or not self.active

    @idle.inplace.expression
    @classmethod
    def _idle(cls) -> ColumnElement[bool]:
        return or_(cls.paused_at.is_not(None), cls.active.is_(False))


class ClusterGone(Base):
    """An operator's word that a cluster is gone for good; two operators' words close what is open on it, unproven."""

    __tablename__ = "cluster_gone"
    __table_args__ = (UniqueConstraint("cluster", "person_id"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[Words]
    said_at: Mapped[Instant]

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class Namespace(Base):
    """A namespace of a cluster and the tenant that owns it."""

    __tablename__ = "namespace"
    __table_args__ = (UniqueConstraint("cluster", "name"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    name: Mapped[Name]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    environment: Mapped[Name | None] = mapped_column(comment="overrides the cluster's")
    guard: Mapped[Name | None] = mapped_column(comment="overrides the cluster's mode of the guard")


class Source(StrEnum):
    """Who vouches for a person."""

    REGISTRY = "registry"
    PROVIDER = "identity-provider"
    SERVICE = "service"


class Person(Base):
    """Somebody (or a service) who acts."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[IdColumn]
    name: Mapped[Name] = mapped_column(unique=True, comment="sign-in name")
    title: Mapped[Words]
    email: Mapped[Words | None]
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    source: Mapped[Name] = mapped_column(
        default=Source.REGISTRY, server_default="registry", comment="who vouches for them: portal.models.Source"
    )
    issuer: Mapped[Name | None] = mapped_column(comment="of the identity provider, once the person signed in there")
    subject: Mapped[Name | None] = mapped_column(comment="who the person is to the issuer, for ever")
    seen_at: Mapped[Instant | None] = mapped_column(comment="when the identity provider last vouched for them")
    groups_told: Mapped[bool | None] = mapped_column(
        Boolean, comment="whether the identity provider named any groups, or none at all; null: it was never asked"
    )
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), comment="of a service: who answers for it")
    deactivated_at: Mapped[Instant | None] = mapped_column(comment="by an operator: no sign-in brings them back")
    deactivated_by: Mapped[Name | None]
    deactivated_reason: Mapped[Words | None]
    digest: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=false(), comment="told once a day instead of at once"
    )
    muted: Mapped[JSONList] = mapped_column(default=list, server_default="[]", comment="sorts of notices not wanted")

    owner: Mapped[Person | None] = relationship(remote_side="Person.id", lazy="raise_on_sql")

    @hybrid_property
    def may_act(self) -> bool:
        """True while somebody vouches for them and no operator deactivated them."""
        return self.active and self.deactivated_at is None

    @may_act.inplace.expression
    @classmethod
    def _may_act(cls) -> ColumnElement[bool]:
        return and_(cls.active, cls.deactivated_at.is_(None))

    @property
    def voice_id(self) -> int:
        """Whose word this person's is: a service speaks with its owner's."""
        return self.id if self.owner_id is None else self.owner_id


class PersonGroup(Base):
    """A group of the identity provider that a person was in when they last signed in."""

    __tablename__ = "person_group"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)


class GroupRole(Base):
    """What the people of a group are to a tenant, or to the platform where tenant_id is null."""

    __tablename__ = "group_role"
    __table_args__ = (UniqueConstraint("name", "tenant_id", "role"),)

    id: Mapped[IdColumn]
    name: Mapped[Name] = mapped_column(index=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"), index=True)
    role: Mapped[Name]


class Membership(Base):
    """A person's role in a tenant, or in the platform where tenant_id is null: by name, or by a group (`via`)."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "tenant_id", "role"),)

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"), index=True)
    role: Mapped[Name]
    via: Mapped[Name | None] = mapped_column(comment="the group that gives it; null: named, or a service's")


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
