"""Rows that were made once and are put into the databases of many tests: far quicker than making them anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from portal.db import Base, Database
from portal.models import InventoryCluster, PostureCluster, ToplineCluster


class Rows:
    """All that a database holds."""

    def __init__(self, database: Database) -> None:
        with database.reading() as session:
            found = {table: session.execute(select(table)).mappings().all() for table in Base.metadata.sorted_tables}
        self._rows: dict[Table, list[dict[str, Any]]] = {
            table: [dict(row) for row in rows] for table, rows in found.items() if rows
        }

    def put(self, database: Database) -> None:
        """Add it all to an empty, migrated database."""
        with database.unit_of_work() as session:
            connection = session.connection()
            for table, rows in self._rows.items():
                connection.execute(insert(table), rows)
                _count_on(connection, table)
            # It was looked at just now, not when the tests began.
            connection.execute(update(InventoryCluster).values(seen_at=func.now(), tried_at=func.now()))
            connection.execute(update(PostureCluster).values(tried_at=func.now()))
            connection.execute(update(ToplineCluster).values(tried_at=func.now()))


def _count_on(connection: Connection, table: Table) -> None:
    if connection.dialect.name == "postgresql" and "id" in table.c:
        last = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
