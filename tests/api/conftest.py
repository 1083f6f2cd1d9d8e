"""The web process of the API's tests: the real application, on each kind of database, with the world in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import Database
from tests.api.desk import Desk
from tests.rows import Rows
from tests.shelf import Shelf, address


@pytest.fixture
def config(database_url: str, shelf: Shelf, world_rows: Rows, tmp_path: Path) -> Config:
    """Settings of a web process without a queue, on a database that holds the world."""
    database = shelf.open(database_url)
    world_rows.put(database)
    database.dispose()
    return Config(var=tmp_path, database_url=address(database), web_threads=4)


@pytest.fixture(scope="session")
def applications() -> dict[str, Flask]:
    """The application of each database's address: making one takes longer than most tests that use it."""
    return {}


@pytest.fixture
def app(config: Config, applications: dict[str, Flask]) -> Iterator[Flask]:
    """The application as it is served; it outlives the test, which leaves it as it was."""
    if config.database_url not in applications:
        applications[config.database_url] = create_app(config)
    found = applications[config.database_url]
    found.config["TESTING"] = True
    yield found
    database_of(found).after_commit.clear()
    database_of(found).dispose()


@pytest.fixture
def own_app(config: Config) -> Iterator[Flask]:
    """An application of this test's own, to which it may add."""
    made = create_app(config)
    yield made
    database_of(made).dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    """The database of the application."""
    return database_of(app)


@pytest.fixture
def desk(client: FlaskClient, database: Database) -> Desk:
    """The application as its people use it."""
    return Desk(client, database)


def database_of(app: Flask) -> Database:
    """The database that an application uses."""
    found: Database = app.extensions[EXTENSION].database
    return found
