"""How the guard of each cluster stands, as a worker last saw it."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Instant, JSONList, Name, Words


class GuardState(Base):
    """The guard of one cluster; a row once it was on, or somebody asked for it."""

    __tablename__ = "guard_state"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    asked_at: Mapped[Instant | None] = mapped_column(
        comment="when an operator last asked for it; set: workers write its policies and mend them"
    )
    asked_by: Mapped[Name | None]
    applied_at: Mapped[Instant | None] = mapped_column(comment="when a worker last wrote a policy or a binding")
    tried_at: Mapped[Instant | None] = mapped_column(comment="last look, also one that failed")
    in_step_at: Mapped[Instant | None] = mapped_column(comment="last look at which all stood as it should")
    problem: Mapped[Words | None] = mapped_column(comment="why the last look failed")
    amiss: Mapped[JSONList] = mapped_column(
        default=list, server_default="[]", comment="sentences: what is missing or differs"
    )
    lines: Mapped[JSONList] = mapped_column(
        default=list, server_default="[]", comment="what the cluster lets pass: namespace, workload, ticket, until"
    )
