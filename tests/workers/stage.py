"""The desk as it is before anything is asked, made once a run and copied for every test: making it costs 0.1 s."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from portal.db import Base, Database
from portal.models import InventoryCluster
from tests import world
from tests.workers.desk import FILE, Desk
from workers.cluster.practice_world import seed
from workers.inventory import refresh


class Stage:
    """A practice cluster's file, and the rows of the registry and of its inventory."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._file = folder / FILE
        seed(self._file, "practice")
        desk = Desk(database, folder)
        desk.practice.set("roll_seconds_per_pod", 0)
        desk.practice.set("terminate_seconds", 0)
        with database.unit_of_work() as session:
            world.build(session)
        refresh(desk.context, "practice")
        with database.reading() as session:
            found = {table: session.execute(select(table)).mappings().all() for table in Base.metadata.sorted_tables}
        self._rows: dict[Table, list[dict[str, Any]]] = {
            t: [dict(row) for row in rows] for t, rows in found.items() if rows
        }

    def set(self, database: Database, folder: Path) -> Desk:
        """A desk in an empty database and folder."""
        shutil.copy(self._file, folder)
        with database.unit_of_work() as session:
            connection = session.connection()
            for table, rows in self._rows.items():
                connection.execute(insert(table), rows)
                _count_on(connection, table)
            # It was looked at just now, not when the tests began.
            connection.execute(update(InventoryCluster).values(seen_at=func.now(), tried_at=func.now()))
        return Desk(database, folder)


class Shelf:
    """One `Database` for each address: a new one would compile every statement anew, 35 ms for a whole story."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "meshdesk.db"
        self._doors: dict[str, Database] = {}

    def open(self, url: str) -> Database:
        """The door to this database; an SQLite file is moved to where the door is."""
        if url.startswith("sqlite:///"):
            shutil.move(url.removeprefix("sqlite:///"), self._file)
            for part in ("-wal", "-shm"):
                self._file.with_name(self._file.name + part).unlink(missing_ok=True)
            url = f"sqlite:///{self._file}"
        if url not in self._doors:
            self._doors[url] = Database(url)
        return self._doors[url]

    def dispose(self) -> None:
        """Close them all."""
        for door in self._doors.values():
            door.dispose()


def _count_on(connection: Connection, table: Table) -> None:
    if connection.dialect.name == "postgresql" and "id" in table.c:
        last = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
