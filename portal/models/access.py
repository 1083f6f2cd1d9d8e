"""Tokens and sessions that people act with, and the answers kept for repeated requests."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, IdColumn, Instant, JSONDict, JSONList, Name, Words
from portal.models.registry import Person


class ApiToken(Base):
    """A token of a person or of a service: only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[Name]
    digest: Mapped[Name] = mapped_column(unique=True, comment="sha256 of the token")
    scopes: Mapped[JSONList | None] = mapped_column(comment="portal.access.actor.Scope; null: all")
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class WebSession(Base):
    """Somebody signed in with a browser: only the hash of what the cookie holds is kept."""

    __tablename__ = "web_session"

    id: Mapped[IdColumn]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[Name] = mapped_column(unique=True, comment="sha256 of the secret in the cookie")
    way: Mapped[Name] = mapped_column(comment="openid-connect or local")
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    last_used_at: Mapped[Instant]
    ended_at: Mapped[Instant | None] = mapped_column(comment="signed out, or ended by an operator")

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
