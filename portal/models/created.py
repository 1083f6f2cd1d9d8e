"""Objects that workers create in clusters: written down before they are created, so a crash leaves none unknown."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, IdColumn, Instant, JSONDict, Name

_THERE = text("gone_at IS NULL")


class CreatedObject(Base):
    """One object of a target: of one ticket, or (`ticket_id` null) of all live tickets of the target together.

    It is ours with this nonce or uid; it is deleted only under the uid that was read. `gone_at` is when it was read to
    be gone.
    """

    __tablename__ = "created_object"
    __table_args__ = (
        Index(
            "uq_created_object_there",
            "target_id",
            "api_version",
            "kind",
            "namespace",
            "name",
            unique=True,
            sqlite_where=_THERE,
            postgresql_where=_THERE,
        ),
        Index("ix_created_object_nonce", "nonce"),
    )

    id: Mapped[IdColumn]
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    position: Mapped[int] = mapped_column(Integer, comment="order of creation within the target")
    api_version: Mapped[Name]
    kind: Mapped[Name]
    namespace: Mapped[Name] = mapped_column(comment="empty where its kind has none")
    name: Mapped[Name]
    digest: Mapped[Name] = mapped_column(comment="sha256 of the manifest without secrets")
    manifest: Mapped[JSONDict | None] = mapped_column(comment="what was written; null of Secrets")
    nonce: Mapped[Name]
    recorded_at: Mapped[Instant]
    uid: Mapped[Name | None] = mapped_column(comment="null: not yet known to have been created")
    gone_at: Mapped[Instant | None]
