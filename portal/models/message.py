"""Messages to workers, written in the transaction of what caused them; the row is the truth, the queue a hint."""

from __future__ import annotations

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, Name


class Message(Base):
    """One call of a task with one id; sent after the commit, swept while nobody took it."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_taken_at_due_at", "taken_at", "due_at"),)

    id: Mapped[IdColumn]
    task: Mapped[Name]
    queue: Mapped[Name]
    subject: Mapped[Name] = mapped_column(comment="id of what it is about: a ticket's number or a cluster's name")
    created_at: Mapped[Instant]
    due_at: Mapped[Instant] = mapped_column(comment="not to be taken before")
    sent_at: Mapped[Instant] = mapped_column(comment="last time that it was handed to the queue, as far as we know")
    sends: Mapped[int] = mapped_column(Integer, default=1)
    taken_at: Mapped[Instant | None]
