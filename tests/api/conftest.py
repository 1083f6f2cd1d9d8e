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
from tests import world
from tests.api.desk import Desk


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """Settings of a web process without a queue, on a database that holds the world."""
    database = Database(database_url)
    with database.unit_of_work() as session:
        world.build(session)
    database.dispose()
    return Config(var=tmp_path, database_url=database_url, web_threads=4)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application as it is served."""
    made = create_app(config)
    made.config["TESTING"] = True
    yield made
    made.extensions[EXTENSION].database.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    """The database of the application."""
    found: Database = app.extensions[EXTENSION].database
    return found


@pytest.fixture
def desk(client: FlaskClient, database: Database) -> Desk:
    """The application as its people use it."""
    return Desk(client, database)
