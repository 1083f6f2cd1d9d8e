"""The desk that worker tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Base, Database
from tests.workers.desk import Desk


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'meshdesk.db'}")
    Base.metadata.create_all(made.engine)
    yield made
    made.dispose()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A desk with nothing asked yet."""
    return Desk(database, tmp_path)
