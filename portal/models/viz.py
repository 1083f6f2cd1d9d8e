"""The Viz bundle of each cluster, as the registry names it and as it was last read; without keys and certificates."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Instant, JSONDict, JSONList, Name, Words


class VizBundle(Base):
    """What a worker installs on a cluster for a Viz ticket; a row for each cluster whose registry entry has `viz`."""

    __tablename__ = "viz_bundle"

    cluster: Mapped[Name] = mapped_column(ForeignKey("cluster.name"), primary_key=True)
    source: Mapped[JSONDict] = mapped_column(comment="where it comes from and what is listed, as in the registry")
    objects: Mapped[JSONList] = mapped_column(comment="manifests without keys and certificates; empty with a problem")
    namespace: Mapped[Name] = mapped_column(default="", comment="Viz's; empty where nothing was read")
    digest: Mapped[Name] = mapped_column(default="", comment="sha256 of the objects; empty where nothing was read")
    open_dashboard: Mapped[bool] = mapped_column(Boolean, default=False)
    shared_dashboard: Mapped[Words | None] = mapped_column(comment="why a dashboard that may tap everything is allowed")
    problem: Mapped[Words | None] = mapped_column(comment="why nothing can be installed")
    checked_at: Mapped[Instant | None] = mapped_column(comment="null: not read yet")
