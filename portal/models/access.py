"""Tokens that people sign in with, and the answers kept for repeated requests."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, JSONDict, Name, Words
from portal.models.registry import Person


class ApiToken(Base):
    """A personal token: only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[Name]
    digest: Mapped[Name] = mapped_column(unique=True, comment="sha256 of the token")
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class IdempotentAnswer(Base):
    """The answer that a person's Idempotency-Key got, to be given again."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[Name]
    digest: Mapped[Name] = mapped_column(comment="sha256 of method, path and body")
    status: Mapped[int] = mapped_column(Integer)
    headers: Mapped[JSONDict]
    body: Mapped[Words]
    created_at: Mapped[Instant]
