"""The command in this process, against a database of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from portal import create_app
from portal.cli.root import meshdesk
from portal.config import Config
from portal.db import Database
from tests import world
from tests.api.desk import Desk
from tests.cli.serving import Served, served
from tests.rows import Rows

Run = Callable[..., Result]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a database that nobody migrated yet."""
    return f"sqlite:///{tmp_path / 'meshdesk.db'}"


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `meshdesk` with these words; what it raises unexpectedly is raised here."""
    for variable in ("MESHDESK_URL", "MESHDESK_TOKEN", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("VAR", str(tmp_path))

    def running(*words: str, input: str | None = None) -> Result:  # noqa: A002 - click's own name for it
        result = CliRunner().invoke(meshdesk, words, input=input, prog_name="meshdesk")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return running


@pytest.fixture
def database(url: str, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """The migrated database that `run` uses."""
    shutil.copy(migrated_sqlite, tmp_path / "meshdesk.db")
    opened = Database(url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def application() -> Flask:
    """The application that every server serves: making one takes longer than most tests that use it."""
    return create_app(Config())


@pytest.fixture
def filled(database: Database, world_rows: Rows) -> Database:
    """The database, with the world in it."""
    world_rows.put(database)
    return database


@pytest.fixture
def served_desk(
    application: Flask, filled: Database, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A server that `run` talks to, with the tokens of everybody for `--as NAME`."""
    (tmp_path / "tokens.json").write_text(json.dumps(world.TOKENS))
    with served(application, filled) as found:
        monkeypatch.setenv("MESHDESK_URL", found.url)
        yield found


@pytest.fixture
def desk(served_desk: Served) -> Desk:
    """The worker's part, by the real verbs."""
    return served_desk.desk
