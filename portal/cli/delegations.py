"""`meshdesk delegations`: who decides for you while you are away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option
from portal.cli.times import InstantType


@click.group()
def delegations() -> None:
    """Leave your decisions in a tenant to somebody while you are away."""


@delegations.command("list")
@json_option
@with_desk
def list_(desk: Desk, /, *, plain: bool) -> None:
    """List delegations: your own, to you, and those of your tenants."""
    found = list(desk.items("/delegations"))
    if plain:
        click.echo(as_json(found))
    elif found:
        click.echo(table(("NO", "TENANT", "AWAY", "DECIDES", "FROM", "UNTIL", "STATE"), map(_row, found)), nl=False)
    else:
        click.echo("No delegations.")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    times = [instant(one[name]) for name in ("from", "until")]
    return (str(one["id"]), one["tenant"], one["person"], one["to"], *times, _state(one, datetime.now(UTC)))


def _state(one: dict[str, Any], now: datetime) -> str:
    if one["ended_at"]:
        return f"ended by {one['ended_by']}"
    begin, until = (datetime.fromisoformat(one[name]) for name in ("from", "until"))
    return "to come" if now < begin else "lasts" if now < until else "over"


@delegations.command()
@click.argument("to")
@click.option("--tenant", required=True, help="The tenant in which they decide for you.")
@click.option("--until", type=InstantType(), metavar="TIME", required=True, help="At most 60 days after it begins.")
@click.option("--from", "begin", type=InstantType(), metavar="TIME", help="Default: from now on.")
@click.option("--reason", required=True, help="Why; people of the tenant read it.")
@with_desk
def make(desk: Desk, /, *, to: str, begin: str | None, **said: str) -> None:
    """Have TO decide in your place, with your roles in one tenant, for a while."""
    made = desk.post("/delegations", {"to": to, **said, **({"from": begin} if begin else {})}).body
    click.echo(
        f"Delegation {made['id']}: {made['to']} decides for {made['person']} in {made['tenant']} from "
        f"{instant(made['from'])} until {instant(made['until'])}."
    )


@delegations.command()
@click.argument("number")
@with_desk
def end(desk: Desk, /, *, number: str) -> None:
    """End delegation NUMBER before its time."""
    made = desk.post(f"/delegations/{number}/end", {}).body
    click.echo(f"{made['to']} no longer decides for {made['person']} in {made['tenant']}.")
