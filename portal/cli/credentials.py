"""`meshdesk token`: personal API tokens, made and ended by an operator at the database."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.access import tokens
from portal.access.actor import Scope
from portal.cli.operating import by_option, now, opened_database, operator
from portal.cli.output import instant, table
from portal.cli.times import LifetimeType, duration_option
from portal.credentials.tokens import end, tell
from portal.errors import NotFound
from portal.models import ApiToken, Person

WITH_PERSON = select(ApiToken).join(Person).options(joinedload(ApiToken.person)).order_by(ApiToken.id)


@click.group()
def token() -> None:
    """Make, list and revoke personal API tokens."""


@token.command()
@click.argument("person")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@duration_option(
    "--expires",
    type=LifetimeType(),
    default="P90D",
    show_default=True,
    words="How long it works: 90d or P90D; `never` for no end.",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="What it may be used for, repeatable; read is in each. Default: everything.",
)
@by_option
def create(person: str, name: str, expires: timedelta | str, scopes: tuple[str, ...], by: str | None) -> None:
    """Make a token for PERSON (a name of the registry) and print it, the only time that it is seen."""
    moment, lifetime = now(), expires if isinstance(expires, timedelta) else None
    terms = tokens.Terms(name, lifetime, frozenset(map(Scope, scopes)) or None)
    with opened_database() as database, database.unit_of_work() as session:
        row, made = tokens.mint(session, tokens.active_person(session, person), terms, now=moment)
        tell(session, "token:made", row, by=operator(by), now=moment)
    click.echo(made)


@token.command("list")
@click.option("--person", default=None, help="Only this person's.")
def list_(person: str | None) -> None:
    """List the tokens: whose, what for, until when, last used."""
    query = WITH_PERSON if person is None else WITH_PERSON.where(Person.name == person)
    with opened_database() as database, database.reading() as session:
        rows = session.scalars(query).all()
    heads = ("ID", "PERSON", "NAME", "STATE", "EXPIRES", "LAST USED")
    click.echo(table(heads, [_line(row, now()) for row in rows]), nl=False)


def _line(row: ApiToken, moment: datetime) -> tuple[str, ...]:
    state = "revoked" if row.revoked_at else "expired" if row.expires_at and row.expires_at <= moment else "works"
    return (str(row.id), row.person.name, row.name, state, instant(row.expires_at, "never"), instant(row.last_used_at))


@token.command()
@click.argument("number", type=int)
@by_option
def revoke(number: int, by: str | None) -> None:
    """End the token with this NUMBER (see `meshdesk token list`) at once."""
    moment = now()
    with opened_database() as database, database.unit_of_work() as session:
        row = session.get(ApiToken, number, options=[joinedload(ApiToken.person)])
        if row is None:
            raise NotFound(f"There is no token {number}: see `meshdesk token list`.")
        end(session, [row], by=operator(by), now=moment)
    click.echo(f"Token {number} of {row.person.name} works no more.")
