"""What becomes of a request on the command line: previewed, or sent, told and followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click

from portal.cli.client import Desk
from portal.cli.kinds import goal_of
from portal.cli.output import as_json
from portal.cli.page import brief
from portal.cli.place import place_of
from portal.cli.preview import preview_page
from portal.cli.waiting import follow

WAIT = timedelta(minutes=10)
preview_option = click.option("--preview", "only_preview", is_flag=True, help="Store nothing: show what it would meet.")
wait_option = click.option(
    "--wait", "waits", is_flag=True, help="Then wait until it is active (or answered), as `meshdesk wait` does."
)
json_option = click.option("--json", "plain", is_flag=True, help="Print JSON as the API gave it.")


@dataclass(frozen=True)
class Manner:
    """What is to be done with a request besides sending it."""

    only_preview: bool = False
    waits: bool = False
    plain: bool = False


def send(ctx: click.Context, ask: dict[str, Any], manner: Manner) -> None:
    """Preview the request, or submit it and tell what came of it."""
    with Desk(place_of(ctx)) as desk:
        if manner.only_preview:
            found = desk.post("/tickets/preview", ask).body
            click.echo(as_json(found) if manner.plain else preview_page(found))
            return
        ticket = desk.post("/tickets", ask).body
        tell_asked(ticket, plain=manner.plain)
        if manner.waits:
            raise SystemExit(follow(desk, ticket["ref"], state=goal_of(ticket["kind"]), timeout=WAIT))


def tell_asked(ticket: dict[str, Any], *, plain: bool) -> None:
    """Tell that something was asked: its reference, what was noted and what is next."""
    if plain:
        click.echo(as_json(ticket))
        return
    click.echo(brief(ticket))
    for note in ticket["notes"]:
        click.echo(f"  noted: {note}")
    click.echo(f"  rule: {ticket['rule']}: {ticket['rule_reason']}")
    click.echo(f"See `meshdesk show {ticket['ref']}`, or follow it by `meshdesk wait {ticket['ref']}`.")


def options_of(*options: Callable[[Any], Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Several options as one decorator, in the order that the help shows."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add
