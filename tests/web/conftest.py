"""The pages with an identity provider, on each kind of database, with the world in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.access.oidc import documents
from portal.config import Config
from portal.db import Database
from tests import world
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
def database(database_url: str) -> Iterator[Database]:
    """A database that holds the world."""
    opened = Database(database_url)
    with opened.unit_of_work() as session:
        world.build(session)
    yield opened
    opened.dispose()


@pytest.fixture
def config(database: Database, database_url: str, tmp_path: Path, issuer: Issuer) -> Config:
    """Settings of a web process behind TLS, with the provider."""
    return Config(
        var=tmp_path,
        database_url=database_url,
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
