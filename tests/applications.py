"""Web processes for tests that each want one with settings of their own: making the application takes longer than most.

What depends on the settings are its parts and the size of a request; routes, pages and the API's document do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask

from portal import create_app
from portal.api.context import EXTENSION, Parts, install
from portal.config import Config

_spare: list[Flask] = []


@contextmanager
def lent(config: Config) -> Iterator[Flask]:
    """An application with these settings, which nobody else has inside the block and nobody may add to."""
    app = create_app(config) if config.redis_url or not _spare else _with(config)
    yield app
    database = parts_of(app).database
    database.after_commit.clear()
    database.dispose()
    _spare.append(app)


def parts_of(app: Flask) -> Parts:
    """The settings, the database and the rest of an application."""
    found: Parts = app.extensions[EXTENSION]
    return found


def _with(config: Config) -> Flask:
    """A spare application with new parts; its door to the very same database has compiled its statements already."""
    at_hand = [app for app in _spare if parts_of(app).config.database == config.database]
    app = (at_hand or _spare)[0]
    _spare.remove(app)
    door = parts_of(app).database
    app.config["MAX_CONTENT_LENGTH"] = config.max_body
    made = install(app, config)
    if at_hand:
        app.extensions[EXTENSION] = replace(made, database=door)
    return app
