"""`meshdesk tokens`: one's own tokens through the API, and for operators those of everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option
from portal.cli.sending import options_of
from portal.cli.times import duration_option
from portal.durations import format_duration

SCOPES = ("read", "request", "decide", "operate")
HEADS = ("ID", "WHOSE", "NAME", "SCOPES", "STATE", "EXPIRES", "LAST USED")

token_options: Callable[[Any], Any] = options_of(
    click.option("--name", required=True, help="What the token is for."),
    click.option(
        "--scope",
        "scopes",
        type=click.Choice(SCOPES),
        multiple=True,
        required=True,
        help="Repeatable; read is in each.",
    ),
    duration_option("--for", "lifetime", default="30d", show_default=True, words="How long it works: 12h, 30d."),
)


@click.group("tokens")
def tokens() -> None:
    """Make, list and revoke your tokens."""


@tokens.command("list")
@click.option("--everybody", is_flag=True, help="Of all people, as an operator or auditor.")
@json_option
@with_desk
def list_(desk: Desk, /, *, everybody: bool, plain: bool) -> None:
    """List your tokens and those of your services: scopes, until when, last used."""
    found = list(desk.items("/tokens", whose="everybody" if everybody else None))
    click.echo(as_json(found) if plain else table(HEADS, map(_line, found)).rstrip("\n"))


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    expires, scopes = one["expires_at"], ", ".join(one["scopes"])
    over = expires is not None and datetime.fromisoformat(expires) <= datetime.now(UTC)
    state = "revoked" if one["revoked_at"] else "expired" if over else "works"
    times = (instant(expires, "never"), instant(one["last_used_at"]))
    return (str(one["id"]), one["person"], one["name"], scopes, state, *times)


@tokens.command()
@token_options
@with_desk
def make(desk: Desk, /, **wanted: Any) -> None:
    """Make a token and print it, the only time that it is seen."""
    click.echo(made(desk, "/tokens", **wanted))


def made(desk: Desk, path: str, *, name: str, scopes: tuple[str, ...], lifetime: timedelta) -> str:
    """Have a token made, and give it."""
    body = {"name": name, "scopes": list(scopes), "lifetime": format_duration(lifetime)}
    return str(desk.post(path, body).body["token"])


@tokens.command()
@click.argument("number", type=int)
@with_desk
def revoke(desk: Desk, /, *, number: int) -> None:
    """End the token with this NUMBER (see `meshdesk tokens list`) at once."""
    gone = desk.post(f"/tokens/{number}/revoke", {}).body
    click.echo(f"Token {number} of {gone['person']} works no more.")
