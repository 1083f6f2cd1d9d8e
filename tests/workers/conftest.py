"""The desk that worker tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Database
from tests.workers.desk import Desk


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A desk with nothing asked yet."""
    return Desk(database, tmp_path)
