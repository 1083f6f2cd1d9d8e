"""Notices: what people and systems are told, each once, and the log of how each delivery went."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, JSONDict, Name, Words


class Notice(Base):
    """One thing that is told; `key` makes it single, however often it is noted."""

    __tablename__ = "notice"

    id: Mapped[IdColumn]
    key: Mapped[Name] = mapped_column(unique=True, comment="chain, number and sort of the event that it tells")
    sort: Mapped[Name] = mapped_column(comment="portal.notify.sorts")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    created_at: Mapped[Instant]
    data: Mapped[JSONDict] = mapped_column(comment="what its words are made of; never reasons of another tenant")


class Delivery(Base):
    """A notice on its way to one recipient by one channel."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel", "recipient"),
        Index("ix_delivery_delivered_at_due_at", "delivered_at", "due_at"),
    )

    id: Mapped[IdColumn]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[Name] = mapped_column(comment="name in the channels file; its address and secrets are only there")
    recipient: Mapped[Name] = mapped_column(comment="name of the person, or of the tenant, or `operators`")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[bool] = mapped_column(comment="goes out with the day's others")
    due_at: Mapped[Instant]
    sent_as: Mapped[Name | None] = mapped_column(
        index=True, comment="what receivers know repeats by, the same at each try; those of one digest share it"
    )
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim_token: Mapped[Name | None] = mapped_column(comment="of the worker that sends it now")
    claim_until: Mapped[Instant | None]
    delivered_at: Mapped[Instant | None]
    no_channel_at: Mapped[Instant | None] = mapped_column(comment="there was no address or channel to send it to")
    given_up_at: Mapped[Instant | None] = mapped_column(comment="after days of trying; an operator may have it retried")
    problem: Mapped[Words | None] = mapped_column(comment="why the last attempt failed, without secrets")

    notice: Mapped[Notice] = relationship(lazy="raise_on_sql")
