"""The file of a practice cluster: raw objects, settings and what is due, in SQLite, safe for several processes at once.

Only practice.py opens it. SQLite's write lock (`BEGIN IMMEDIATE`) makes every operation on the cluster serial.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str, str]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    kind TEXT, namespace TEXT, name TEXT, owner TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS object_by_owner ON object (owner, kind);
CREATE TABLE IF NOT EXISTS due (
    kind TEXT, namespace TEXT, name TEXT, at REAL NOT NULL, PRIMARY KEY (kind, namespace, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due_by_time ON due (at);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revision (number INTEGER NOT NULL);
INSERT INTO revision SELECT 1000 WHERE NOT EXISTS (SELECT 1 FROM revision);
"""


class Store:
    """One practice cluster's file, made when it is not there; holds no open connection between operations.

    Raises sqlite3.OperationalError when it cannot be opened, another sqlite3.DatabaseError when it is some other file.
    """

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._address = path.absolute().as_uri()
        self._timeout = timeout
        with closing(self._connect("rwc")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The cluster to itself until the block ends: kept when it ends well, undone when it raises.

        Raises sqlite3.OperationalError when another process holds the file longer than the timeout.
        """
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self, mode: str = "rw") -> sqlite3.Connection:
        # "rw": a file that was taken away under a running worker must not come back as an empty cluster.
        address = f"{self._address}?mode={mode}"
        connection = sqlite3.connect(address, timeout=self._timeout, isolation_level=None, uri=True)
        # The file is a stand-in's memory: an fsync per operation would cost more than it protects.
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class Transaction:
    """Reads and writes within one operation on the cluster."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, key: Key) -> Object | None:
        """The object of that (kind, namespace, name), or None."""
        found = self._connection.execute(
            "SELECT body FROM object WHERE kind = ? AND namespace = ? AND name = ?", key
        ).fetchone()
        return None if found is None else json.loads(found[0])

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """The objects of a kind in the order of their names, of one namespace or of all."""
        rows = self._connection.execute(
            "SELECT body FROM object WHERE kind = ?1 AND (?2 IS NULL OR namespace = ?2) ORDER BY namespace, name",
            (kind, namespace),
        )
        return [json.loads(body) for (body,) in rows]

    def inside(self, namespace: str) -> list[Object]:
        """Every object of a namespace, whatever its kind."""
        rows = self._connection.execute("SELECT body FROM object WHERE namespace = ? ORDER BY kind, name", (namespace,))
        return [json.loads(body) for (body,) in rows]

    def owned(self, uid: str, kind: str) -> list[Object]:
        """The objects of a kind whose controller has that uid."""
        rows = self._connection.execute(
            "SELECT body FROM object WHERE owner = ? AND kind = ? ORDER BY namespace, name", (uid, kind)
        )
        return [json.loads(body) for (body,) in rows]

    def put(self, obj: Object) -> Object:
        """Store the object under a new resourceVersion, which it then carries."""
        obj["metadata"]["resourceVersion"] = str(self._next_revision())
        key, owner = key_of(obj), controller_uid(obj)
        self._connection.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?)", (*key, owner, json.dumps(obj)))
        return obj

    def remove(self, key: Key) -> None:
        """Forget the object and what was due for it."""
        self._connection.execute("DELETE FROM object WHERE kind = ? AND namespace = ? AND name = ?", key)
        self._connection.execute("DELETE FROM due WHERE kind = ? AND namespace = ? AND name = ?", key)

    def schedule(self, key: Key, at: float) -> None:
        """Have something done for the object at that time (seconds since the epoch), in place of what was due."""
        self._connection.execute("INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?)", (*key, at))

    def scheduled(self, key: Key) -> bool:
        """Whether something is due for the object, now or later."""
        row = self._connection.execute("SELECT 1 FROM due WHERE kind = ? AND namespace = ? AND name = ?", key)
        return row.fetchone() is not None

    def take_due(self, now: float) -> tuple[Key, float] | None:
        """Take the earliest that is due by `now` off the list, pods before their owners; None when nothing is."""
        row = self._connection.execute(
            "SELECT kind, namespace, name, at FROM due WHERE at <= ? "
            "ORDER BY at, kind <> 'pod', namespace, name LIMIT 1",
            (now,),
        ).fetchone()
        if row is None:
            return None
        self._connection.execute("DELETE FROM due WHERE kind = ? AND namespace = ? AND name = ?", row[:3])
        return row[:3], row[3]

    def setting(self, name: str, default: Any) -> Any:
        """A setting's value, the default where it was never set."""
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, name: str, value: Any) -> None:
        """Keep a setting; the value must be JSON."""
        self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    def _next_revision(self) -> int:
        self._connection.execute("UPDATE revision SET number = number + 1")
        return int(self._connection.execute("SELECT number FROM revision").fetchone()[0])


def key_of(obj: Object) -> Key:
    """(kind in lower case, namespace or "", name) of an object."""
    metadata = obj["metadata"]
    return obj["kind"].lower(), metadata.get("namespace") or "", metadata["name"]


def controller_uid(obj: Object) -> str:
    """The uid of the object's controller, "" where it has none."""
    owners = obj["metadata"].get("ownerReferences", [])
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")
