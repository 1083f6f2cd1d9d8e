"""How Alembic meets our database; loaded by Alembic only, for `portal.migrating` (there is no alembic.ini)."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, Engine, text

import portal.models  # noqa: F401 - fills the metadata
from portal.db import Base, UTCDateTime

# Any number that nothing else in the database locks: two `db upgrade` at once wait for each other by it.
LOCK = 7_263_544_100


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write plain types into migrations: they must run years after `portal.db` has changed."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        # Alembic's own text for the variant names a `Text` that it does not import.
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction, so that one that fails leaves nothing behind."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=True,
        render_item=render_item,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        context.run_migrations()


def run(engine: Engine) -> None:
    """Open the connection as the database needs it and migrate."""
    with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection:
        if connection.dialect.name == "sqlite":
            # Batch mode rebuilds tables, and dropping the old one would take the rows that refer to it along. The
            # pragma counts only outside a transaction; the connection is not used for anything else afterwards.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
        migrate(connection)


if context.is_offline_mode():
    raise SystemExit("Meshdesk migrates a database that it can reach; write SQL by hand from the migrations otherwise.")
run(context.config.attributes["engine"])
