"""The audit trail: append-only events in hash chains. docs/audit.md gives the canonical bytes."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, JSONDict, Name


class AuditChain(Base):
    """The head of one chain: a ticket's (MD-142) or the system's own (system)."""

    __tablename__ = "audit_chain"

    name: Mapped[Name] = mapped_column(primary_key=True)
    length: Mapped[int] = mapped_column(Integer)
    head: Mapped[Name] = mapped_column(comment="hash of the last event")
    sealed: Mapped[int] = mapped_column(Integer, default=0, comment="length at the last checkpoint")


class Event(Base):
    """One thing that happened, chained to the one before it."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("chain", "number"),
        Index("ix_event_actor_id", "actor", "id"),
        Index("ix_event_type_id", "type", "id"),
    )

    id: Mapped[IdColumn]
    chain: Mapped[Name] = mapped_column(ForeignKey("audit_chain.name"))
    number: Mapped[int] = mapped_column(Integer, comment="1, 2, 3, … within the chain")
    happened_at: Mapped[Instant] = mapped_column(index=True)
    type: Mapped[Name] = mapped_column(comment="subject:action")
    actor: Mapped[Name]
    payload: Mapped[JSONDict | None] = mapped_column(comment="null once retention took it; its digest stays")
    payload_digest: Mapped[Name]
    previous: Mapped[Name] = mapped_column(comment="hash of the event before, or 64 zeros")
    hash: Mapped[Name]
