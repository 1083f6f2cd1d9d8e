"""What helps people decide besides the ticket: who covers for whom, and a tenant's own reasons to reject."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, Name, Words
from portal.models.registry import Person, Tenant


class Delegation(Base):
    """While one person is away another decides in their place; it has an end, and nobody passes it on."""

    __tablename__ = "delegation"
    __table_args__ = (Index("ix_delegation_to_id_until", "to_id", "until"),)

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True, comment="who is away")
    to_id: Mapped[int] = mapped_column(ForeignKey("person.id"), comment="who decides meanwhile")
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), comment="in which tenant")
    reason: Mapped[Words]
    created_at: Mapped[Instant]
    from_at: Mapped[Instant]
    until: Mapped[Instant]
    ended_at: Mapped[Instant | None] = mapped_column(comment="taken back before its end")
    ended_by: Mapped[Name | None]

    person: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[person_id])
    to: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[to_id])
    tenant: Mapped[Tenant] = relationship(lazy="raise_on_sql")


class RejectTemplate(Base):
    """A reason to reject in a tenant's own words, kept under a name."""

    __tablename__ = "reject_template"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[IdColumn]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[Name]
    text: Mapped[Words]
    written_by: Mapped[Name]
    written_at: Mapped[Instant]
