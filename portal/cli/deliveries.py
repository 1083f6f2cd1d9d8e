"""`meshdesk deliveries`: how notices went, and another try for those that did not arrive."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.client import Desk, with_desk
from portal.cli.output import as_json, instant, table
from portal.cli.reading import json_option


@click.group()
def deliveries() -> None:
    """How notices went: list, retry."""


@deliveries.command("list")
@click.option("--state", type=click.Choice(["waiting", "delivered", "given-up", "no-channel"]), help="Only these.")
@click.option("--channel", metavar="NAME", help="Only by this channel.")
@click.option("--ticket", metavar="REF", help="Only of this ticket.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most, newest first.")
@json_option
@with_desk
def list_(desk: Desk, /, *, limit: int, plain: bool, **wanted: str | None) -> None:
    """List deliveries, newest first, with why the last try failed."""
    pages = desk.items("/deliveries", limit=min(limit, 200), **wanted)
    found = [one for _, one in zip(range(limit), pages, strict=False)]
    if plain:
        click.echo(as_json(found))
    elif found:
        heads = ("NO", "NOTED", "TICKET", "SORT", "BY", "TO", "STATE", "TRIES", "PROBLEM")
        click.echo(table(heads, map(_row, found)), nl=False)
    else:
        click.echo("No such deliveries.")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    told = tuple(one[name] for name in ("ref", "sort", "channel", "recipient", "state"))
    return (str(one["id"]), instant(one["noted_at"]), *told, str(one["attempts"]), one["problem"] or "-")


@deliveries.command()
@click.argument("number", type=int)
@with_desk
def retry(desk: Desk, /, *, number: int) -> None:
    """Have delivery NUMBER tried again now."""
    one = desk.post(f"/deliveries/{number}/retry", {}).body
    click.echo(f"Delivery {number} of {one['ref']} to {one['recipient']} is tried again now.")
