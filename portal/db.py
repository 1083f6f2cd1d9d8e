"""The database door: engines, column types and the two ways to open a session. Edges open them, verbs never commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from portal.errors import ConfigurationError

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC instants on every database; a naive value is refused (SQLite would hand it back naive)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: give it UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSONType = JSON().with_variant(JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")

IdColumn = Annotated[int, mapped_column(BigId, primary_key=True)]
Name = Annotated[str, mapped_column(String(253))]
Words = Annotated[str, mapped_column(Text)]
Instant = Annotated[datetime, mapped_column(UTCDateTime())]
JSONDict = Annotated[dict[str, Any], mapped_column(JSONType)]
JSONList = Annotated[list[Any], mapped_column(JSONType)]


class Base(DeclarativeBase):
    """Every table; constraint names come from NAMING so that migrations can name them on every database."""

    metadata = MetaData(naming_convention=NAMING)


def make_engine(url: str) -> Engine:
    """An engine whose SQLite side runs WAL, enforces foreign keys and begins as `unit_of_work` asks.

    Raises ConfigurationError for an address that is none; what it said may hold a password and is not repeated.
    """
    try:
        make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "DATABASE_URL is not an address: write postgresql+psycopg://user:password@host/name, or leave it out."
        ) from error
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, **_ENGINE)
    engine = create_engine(url, connect_args={"timeout": 15}, **_ENGINE)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# An error's text goes to the log; the values of its statement are people's words and digests of tokens.
_ENGINE: dict[str, Any] = {"json_serializer": _dump, "hide_parameters": True}


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite's own transaction handling loses a rolled-back outer transaction: take it over whole.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    # A read that turns into a write beside another writer fails at once under WAL, whatever the timeout.
    connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get("sqlite_begin", "DEFERRED"))


class Database:
    """One engine and its two kinds of sessions."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.after_commit: list[Callable[[Session], None]] = []
        self._writing = self.engine.execution_options(sqlite_begin="IMMEDIATE")

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """A session that commits when the block returns and rolls back when it raises.

        Nothing else commits, so what must wait for the outermost commit (`after_commit`) is called here.
        """
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session
        for hook in self.after_commit:
            hook(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for selects only; nothing that happens in it is kept."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def database_now(session: Session) -> datetime:
    """The database's clock in aware UTC: what leases and due dates are measured by, whichever machine asks."""
    if session.get_bind().dialect.name == "sqlite":
        stamp = session.execute(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")).scalar_one()
        return datetime.fromisoformat(str(stamp)).replace(tzinfo=UTC)
    # now() stands still inside a transaction; a lease must be measured when it is taken.
    return session.execute(select(func.clock_timestamp(type_=UTCDateTime()))).scalar_one()
