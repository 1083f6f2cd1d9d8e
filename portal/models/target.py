"""What tickets act on in clusters, and what each ticket wants of it: workers converge on these rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, JSONDict, Name

if TYPE_CHECKING:
    # Each names the other; SQLAlchemy finds them by name.
    from portal.models.ticket import Ticket


class Target(Base):
    """One thing in a cluster that tickets act on, and what Meshdesk remembers of it; `sequence` is compare-and-set.

    A workload, or where objects are created: `egress` and `tap` of a namespace, `viz` of a cluster (no namespace).
    """

    __tablename__ = "target"
    __table_args__ = (UniqueConstraint("cluster", "kind", "namespace", "name"),)

    id: Mapped[IdColumn]
    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"))
    kind: Mapped[Name]
    namespace: Mapped[Name]
    name: Mapped[Name]
    uid: Mapped[Name | None] = mapped_column(comment="of the object the memory is about; a changed uid starts anew")
    memory: Mapped[JSONDict] = mapped_column(comment="baseline, written, intended: portal.mesh.fold.Memory")
    sequence: Mapped[int] = mapped_column(Integer, default=0, comment="number of the last intended write")
    claim_token: Mapped[Name | None] = mapped_column(comment="of the worker that creates or deletes its objects now")
    claim_until: Mapped[Instant | None]


class TicketTarget(Base):
    """What one ticket wants of one target; a target's live tickets are this join."""

    __tablename__ = "ticket_target"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"), primary_key=True, index=True)
    wanted: Mapped[JSONDict] = mapped_column(comment="portal.mesh.fold.Want")
    suspended: Mapped[JSONDict] = mapped_column(comment="entries that somebody removed: not added again")
    written_at: Mapped[Instant | None]
    fenced_at: Mapped[Instant | None] = mapped_column(comment="the undo made every earlier reader's version stale")
    proven_at: Mapped[Instant | None] = mapped_column(comment="applied and seen; reset when the undo begins")

    ticket: Mapped[Ticket] = relationship(lazy="raise_on_sql", back_populates="targets")
    target: Mapped[Target] = relationship(lazy="raise_on_sql")
