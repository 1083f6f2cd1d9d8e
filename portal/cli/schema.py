"""`meshdesk db`: the schema of the database, up, down and checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.cli.failures import Failure
from portal.cli.operating import reachable
from portal.config import Config
from portal.migrating import Migrations


@click.group()
def db() -> None:
    """Bring the database's schema up, down, or check it."""


@contextmanager
def _migrations() -> Iterator[Migrations]:
    with reachable(), Migrations(Config.from_env().database) as migrations:
        yield migrations


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database up to REVISION (the newest); safe to run twice, and by several at once."""
    with _migrations() as migrations:
        migrations.upgrade(revision)
        click.echo(f"The database is at revision {migrations.current()}.")


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION: `base` empties it, `-- -1` goes back one step."""
    with _migrations() as migrations:
        migrations.downgrade(revision)
        click.echo(f"The database is at revision {migrations.current() or 'base: it is empty'}.")


@db.command()
def current() -> None:
    """Say which revision the database is at, and the newest."""
    with _migrations() as migrations:
        click.echo(f"The database is at revision {migrations.current() or 'base'}; the newest is {migrations.head()}.")


@db.command()
@click.option("--fresh", is_flag=True, help="Check the migrations alone, in a new database in memory.")
def check(fresh: bool) -> None:
    """Exit with 1 when the database differs from what this version of Meshdesk expects."""
    with reachable(), Migrations("sqlite://" if fresh else Config.from_env().database) as migrations:
        if fresh:
            migrations.upgrade()
        drift = migrations.drift()
    if drift is not None:
        raise Failure(drift)
    click.echo("The migrations lead to the models." if fresh else "The database is as the models say.")


@db.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write the migration from the database as it is to the models (for developers)."""
    with _migrations() as migrations:
        for path in migrations.revise(message):
            click.echo(f"Written: {path.name}. Read it, and run `meshdesk db upgrade`.")
