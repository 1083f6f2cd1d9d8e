"""The doors to the databases that tests use one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

from portal.db import Database


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


def address(database: Database) -> str:
    """Where a database is, as settings name it."""
    return database.engine.url.render_as_string(hide_password=False)
