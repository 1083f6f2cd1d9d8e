"""The desk that worker tests run on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Database
from tests.workers.desk import Desk
from workers.cluster.practice_world import seed


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def seeded_practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice cluster's file as it is at first, to copy from."""
    path = tmp_path_factory.mktemp("practice") / "practice.db"
    seed(path, "practice")
    return path


@pytest.fixture
def desk(database: Database, seeded_practice: Path, tmp_path: Path) -> Desk:
    """A desk with nothing asked yet."""
    shutil.copy(seeded_practice, tmp_path)
    return Desk(database, tmp_path)
