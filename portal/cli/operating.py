"""What operators' commands share: the settings, the database, and the name that goes into the audit trail."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from portal.config import Config
from portal.db import Database
from portal.errors import ConfigurationError

by_option = click.option(
    "--by", default=None, metavar="NAME", help="Name for the audit trail; default: shell: and your login name."
)


def operator(by: str | None) -> str:
    """Who acts: a shell has no sign-in, so the name says that it came from one."""
    return by or f"shell:{getpass.getuser()}"


def now() -> datetime:
    """The time of this command in aware UTC."""
    return datetime.now(UTC)


@contextmanager
def opened_database() -> Iterator[Database]:
    """The database of the environment; raises ConfigurationError where it is away or not migrated."""
    database = Database(Config.from_env().database)
    try:
        with reachable():
            yield database
    finally:
        database.dispose()


@contextmanager
def reachable() -> Iterator[None]:
    """Turn what a driver says about a database that cannot be used into a sentence."""
    try:
        yield
    except (OperationalError, ProgrammingError, InterfaceError) as error:
        raise ConfigurationError(
            f"The database cannot be used ({_kind(error)}): see that DATABASE_URL is right, that it runs, and that "
            "`meshdesk db upgrade` was run."
        ) from error


def _kind(error: Any) -> str:
    return type(error.orig).__name__ if error.orig is not None else type(error).__name__
