"""The pages with an identity provider, on each kind of database, with the world in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.access.oidc import documents
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import Database
from tests.api.desk import Desk
from tests.rows import Rows
from tests.shelf import Shelf, address
from tests.web.browser import Browser
from tests.web.issuer import CLIENT, Issuer, running_issuer

HOME = "https://desk.example.com"
KEY = "a-key-for-tests-that-is-long-enough-to-be-one"


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """A provider of the tests' own, which is asked again as often as it is needed."""
    monkeypatch.setattr(documents, "PAUSE_SECONDS", 0.0)
    with running_issuer() as found:
        yield found


@pytest.fixture
def database(database_url: str, shelf: Shelf, world_rows: Rows) -> Iterator[Database]:
    """A database that holds the world."""
    opened = shelf.open(database_url)
    world_rows.put(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def config(database: Database, tmp_path: Path, issuer: Issuer) -> Config:
    """Settings of a web process behind TLS, with the provider."""
    return Config(
        var=tmp_path,
        database_url=address(database),
        web_threads=4,
        public_url=HOME,
        secret_key=KEY,
        oidc_issuer=issuer.address,
        oidc_client_id=CLIENT,
    )


@pytest.fixture
def browser(config: Config, issuer: Issuer) -> Iterator[Browser]:
    """A browser that is signed in nowhere."""
    with Browser.at(config, issuer) as opened:
        yield opened


@pytest.fixture(scope="session")
def local_applications() -> dict[str, Flask]:
    """The application, once it is made: that takes longer than most tests that use it."""
    return {}


@pytest.fixture
def local(
    migrated_sqlite: Path, tmp_path: Path, shelf: Shelf, world_rows: Rows, local_applications: dict[str, Flask]
) -> Iterator[Browser]:
    """A browser at a process of one's own machine, where anybody signs in as anybody; on SQLite."""
    database = shelf.open(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    world_rows.put(database)
    database.dispose()
    url = address(database)
    if url not in local_applications:
        local_applications[url] = create_app(Config(var=tmp_path, database_url=url, local_sign_in=True))
    app = local_applications[url]
    yield Browser(app, app.test_client(), "http://localhost:8000", None)
    app.extensions[EXTENSION].database.dispose()


@pytest.fixture
def desk(local: Browser) -> Desk:
    """The API of the same process, with which tickets come to be."""
    return Desk(local.app.test_client(), local.app.extensions[EXTENSION].database)
