"""What was seen, not what was asked: preflights, diffs and pods, attached to tickets and never changed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, JSONDict, Name


class Evidence(Base):
    """One observation of a worker: `preflight`, `probe`, `before`, `applied` or `undone`."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[IdColumn]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[Name]
    seen_at: Mapped[Instant]
    data: Mapped[JSONDict]
