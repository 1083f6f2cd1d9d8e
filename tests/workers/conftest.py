"""The desk that worker tests run on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portal.db import Database
from tests.workers.desk import FILE, Desk
from tests.workers.stage import Stage


@pytest.fixture(scope="session")
def stage(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """What every desk is a copy of."""
    folder = tmp_path_factory.mktemp("stage")
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, folder)}")
    made = Stage(database, folder)
    database.dispose()
    return made


@pytest.fixture
def desk(database: Database, stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    """A desk with nothing asked yet."""
    made = stage.set(database, tmp_path)
    # While somebody has it open, SQLite does not tidy the file up after each of the cluster's calls.
    with closing(sqlite3.connect(tmp_path / FILE)) as held:
        held.execute("SELECT count(*) FROM object").fetchone()
        yield made
