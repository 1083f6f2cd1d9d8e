"""What a run makes once for the tests that use databases. tests/conftest.py loads this as a plugin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Database
from tests import world
from tests.rows import Rows
from tests.shelf import Shelf


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """The databases' doors: what they have compiled serves every test."""
    made = Shelf(tmp_path_factory.mktemp("database"))
    yield made
    made.dispose()


@pytest.fixture
def database(database_url: str, shelf: Shelf) -> Iterator[Database]:
    """A door to a migrated, empty database of this test's own, on each kind of database."""
    made = shelf.open(database_url)
    yield made
    made.after_commit.clear()
    made.dispose()


@pytest.fixture(scope="session")
def world_rows(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of `tests.world`."""
    made = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path_factory.mktemp('world'))}")
    with made.unit_of_work() as session:
        world.build(session)
    rows = Rows(made)
    made.dispose()
    return rows
